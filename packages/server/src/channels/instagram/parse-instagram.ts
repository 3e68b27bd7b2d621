import { z } from 'zod';
import type { ParsedWebhookEvent, RawWebhookEvent, WebhookEventSource } from '../channel.ts';
import { commenter } from '../meta/commenter.ts';
import { parseMessaging } from '../meta/parse-messaging.ts';
import { type EventIdentity, splitWebhookEvents } from '../meta/split-webhook-events.ts';
import { graphId, toContainer } from '../meta/to-container.ts';

const commentSchema = z.object({
  field: z.enum(['comments', 'live_comments']),
  value: z.object({
    id: z.string().min(1).max(150),
    text: z.string().max(10_000).optional(),
    parent_id: z.string().max(150).optional().catch(undefined),
    from: z.object({ id: graphId, username: z.string().max(200).optional().catch(undefined) }),
    media: z
      .object({ id: z.string().max(150) })
      .optional()
      .catch(undefined),
  }),
});

/** Takes a verified body apart into its updates: those of threads, and comments. */
export function splitInstagram(body: unknown): readonly RawWebhookEvent[] {
  return splitWebhookEvents(body, { object: 'instagram', identifyChange });
}

function identifyChange(
  update: Readonly<Record<string, unknown>>,
  accountId: string,
  entryMs: number,
): EventIdentity | undefined {
  const comment = commentSchema.safeParse(update);
  if (!comment.success) return undefined;
  const { id, from } = comment.data.value;
  const contactId = from.id === accountId ? `page ${accountId}` : commenter(from.id);
  // Comments do not say when they were written. Entries do, in seconds.
  return { contactId, deduplicationKey: `comment ${id}`, atMs: entryMs < 1e11 ? entryMs * 1000 : entryMs };
}

/** What one update means; it never throws. */
export function parseInstagram(
  payload: Readonly<Record<string, unknown>>,
  place: WebhookEventSource,
): ParsedWebhookEvent {
  const comment = commentSchema.safeParse(payload);
  if (comment.success) return parseComment(comment.data.value, payload.accountId, place);
  return (
    parseMessaging(payload, place) ?? {
      outcome: 'ignored',
      reason: `a change of ${typeof payload.field === 'string' ? payload.field.slice(0, 50) : 'nothing that we know'}`,
    }
  );
}

function parseComment(
  { id: externalId, text, from, media, parent_id: parentId }: z.output<typeof commentSchema>['value'],
  accountId: unknown,
  place: WebhookEventSource,
): ParsedWebhookEvent {
  if (from.id === accountId) {
    const place = { parentId: parentId ?? null, postId: media?.id ?? null };
    return { outcome: 'own-comment', externalId, ...place, text: text ?? '', writtenAt: null };
  }
  if (!text) return { outcome: 'ignored', reason: 'a comment without a text' };
  return toContainer(
    place,
    { contactId: commenter(from.id), externalId, sentAtMs: Date.now() },
    {
      kind: 'text',
      content: { text },
      profile: from.username === undefined ? {} : { name: from.username },
      social: { platform: 'instagram', commentId: externalId, ...(media ? { postId: media.id } : {}) },
    },
  );
}

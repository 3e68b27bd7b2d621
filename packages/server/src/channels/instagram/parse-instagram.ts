import { cutText } from '@mevrik/protocol';
import { z } from 'zod';
import type { ParsedWebhookEvent, RawWebhookEvent, WebhookEventSource } from '../channel.ts';
import { commenterId } from '../meta/commenter.ts';
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

/** Splits a verified body into its events: those of conversations, and comments. */
export function splitInstagram(body: unknown): readonly RawWebhookEvent[] {
  return splitWebhookEvents(body, { object: 'instagram', identifyChange });
}

function identifyChange(
  event: Readonly<Record<string, unknown>>,
  accountId: string,
  entryMs: number,
): EventIdentity | undefined {
  const comment = commentSchema.safeParse(event);
  if (!comment.success) return undefined;
  const { id, from } = comment.data.value;
  const contactId = from.id === accountId ? `page ${accountId}` : commenterId(from.id);
  // Comments have no timestamp. Entries have one, in seconds.
  return { contactId, deduplicationKey: `comment ${id}`, atMs: entryMs < 1e11 ? entryMs * 1000 : entryMs };
}

/** Interprets a webhook event. It never throws. */
export function parseInstagram(
  payload: Readonly<Record<string, unknown>>,
  source: WebhookEventSource,
): ParsedWebhookEvent {
  const comment = commentSchema.safeParse(payload);
  if (comment.success) return parseComment(comment.data.value, payload.accountId, source);
  return (
    parseMessaging(payload, source) ?? {
      outcome: 'ignored',
      reason: `a change of type ${typeof payload.field === 'string' ? cutText(payload.field, 50) : 'unknown'}`,
    }
  );
}

function parseComment(
  { id: externalId, text, from, media, parent_id: parentId }: z.output<typeof commentSchema>['value'],
  accountId: unknown,
  source: WebhookEventSource,
): ParsedWebhookEvent {
  if (from.id === accountId) {
    return {
      outcome: 'own-comment',
      externalId,
      parentId: parentId ?? null,
      postId: media?.id ?? null,
      text: text ?? '',
      writtenAt: null,
    };
  }
  if (!text) return { outcome: 'ignored', reason: 'a comment without text' };
  return toContainer(
    source,
    { contactId: commenterId(from.id), externalId, sentAtMs: Date.now() },
    {
      kind: 'text',
      content: { text },
      profile: from.username === undefined ? {} : { name: from.username },
      social: { platform: 'instagram', commentId: externalId, ...(media ? { postId: media.id } : {}) },
    },
  );
}

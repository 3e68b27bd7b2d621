import type { RawWebhookEvent } from '../channel.ts';
import { commenter } from '../meta/commenter.ts';
import { type EventIdentity, splitWebhookEvents } from '../meta/split-webhook-events.ts';
import { fingerprint } from '../unreadable-event.ts';
import { commentSchema } from './parse-feed.ts';

/** Takes a verified body apart into its updates: those of threads, and the changes in a page's feed. */
export function splitWebhook(body: unknown): readonly RawWebhookEvent[] {
  return splitWebhookEvents(body, { object: 'page', identifyChange });
}

function identifyChange(
  update: Readonly<Record<string, unknown>>,
  pageId: string,
): EventIdentity | undefined {
  const comment = commentSchema.safeParse(update);
  if (!comment.success) return undefined;
  const { from, comment_id, verb, created_time, message } = comment.data.value;
  const contactId = from === undefined || from.id === pageId ? `page ${pageId}` : commenter(from.id);
  // An edit has the time of its comment: only the text tells it from the one before.
  const edit = verb === 'edited' ? ` ${fingerprint({ message })}` : '';
  return {
    contactId,
    deduplicationKey: `${comment_id} ${verb} ${created_time}${edit}`,
    atMs: created_time * 1000,
  };
}

import type { RawWebhookEvent } from '../channel.ts';
import { commenterId } from '../meta/commenter.ts';
import { type EventIdentity, splitWebhookEvents } from '../meta/split-webhook-events.ts';
import { fingerprint } from '../unreadable-event.ts';
import { commentSchema } from './parse-feed.ts';

/** Splits a verified body into its events: those of conversations, and changes in the page's feed. */
export function splitWebhook(body: unknown): readonly RawWebhookEvent[] {
  return splitWebhookEvents(body, { object: 'page', identifyChange });
}

function identifyChange(event: Readonly<Record<string, unknown>>, pageId: string): EventIdentity | undefined {
  const comment = commentSchema.safeParse(event);
  if (!comment.success) return undefined;
  const { from, comment_id, verb, created_time, message } = comment.data.value;
  const contactId = from === undefined || from.id === pageId ? `page ${pageId}` : commenterId(from.id);
  // An edit has the timestamp of its comment: only the text distinguishes it from an earlier edit.
  const edit = verb === 'edited' ? ` ${fingerprint({ message })}` : '';
  return {
    contactId,
    deduplicationKey: `${comment_id} ${verb} ${created_time}${edit}`,
    atMs: created_time * 1000,
  };
}

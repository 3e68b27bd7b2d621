import type { ParsedWebhookEvent, WebhookEventSource } from '../channel.ts';
import { parseMessaging } from '../meta/parse-messaging.ts';
import { parseFeed } from './parse-feed.ts';

/** What one update means: a message, a receipt, a remark, or nothing that we act on. It never throws. */
export function parseWebhookEvent(
  payload: Readonly<Record<string, unknown>>,
  place: WebhookEventSource,
): ParsedWebhookEvent {
  return (
    parseFeed(payload, place) ??
    parseMessaging(payload, place) ?? {
      outcome: 'ignored',
      reason: 'an update of a shape that we do not know',
    }
  );
}

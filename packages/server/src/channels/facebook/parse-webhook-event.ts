import type { ParsedWebhookEvent, WebhookEventSource } from '../channel.ts';
import { parseMessaging } from '../meta/parse-messaging.ts';
import { parseFeed } from './parse-feed.ts';

/** Interprets a webhook event. It never throws. */
export function parseWebhookEvent(
  payload: Readonly<Record<string, unknown>>,
  source: WebhookEventSource,
): ParsedWebhookEvent {
  return (
    parseFeed(payload, source) ??
    parseMessaging(payload, source) ?? {
      outcome: 'ignored',
      reason: 'a malformed event',
    }
  );
}

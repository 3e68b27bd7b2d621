import { createHash } from 'node:crypto';
import type { RawWebhookEvent } from './channel.ts';

/** The deduplication key of an event without an id: a hash of its content. */
export function fingerprint(event: Readonly<Record<string, unknown>>): string {
  return `sha256:${createHash('sha256').update(JSON.stringify(event)).digest('hex')}`;
}

/** The contact id stored for webhook events that belong to no contact, or whose contact cannot be read. */
export const unknownContactId = 'unknown';

/** A malformed event. It is stored as received, for inspection, and `parse` ignores it. */
export function unreadableEvent(
  raw: unknown,
  accountId: string | null = null,
): RawWebhookEvent & { atMs: number } {
  const payload = { unreadable: raw };
  return { contactId: unknownContactId, deduplicationKey: fingerprint(payload), accountId, payload, atMs: 0 };
}

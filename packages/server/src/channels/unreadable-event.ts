import { createHash } from 'node:crypto';
import type { RawWebhookEvent } from './channel.ts';

/** What an update without a number is known by. */
export function fingerprint(update: Readonly<Record<string, unknown>>): string {
  return `sha256:${createHash('sha256').update(JSON.stringify(update)).digest('hex')}`;
}

/** What nobody can make sense of: it is kept as it came in, so that somebody can look at it, and `parse` ignores it. */
export function unreadableEvent(
  raw: unknown,
  accountId: string | null = null,
): RawWebhookEvent & { atMs: number } {
  const payload = { unreadable: raw };
  return { contactId: 'nobody', deduplicationKey: fingerprint(payload), accountId, payload, atMs: 0 };
}

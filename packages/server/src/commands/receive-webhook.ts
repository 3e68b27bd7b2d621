import { conversationKey, type WebhookEventLog } from '@mevrik/protocol';
import type { AppProfile } from '../apps/app-directory.ts';
import { webhookEventLogs } from '../db/schema.ts';
import type { Tx } from '../log/transaction.ts';

/** Verified updates of a provider's webhook. */
export interface ReceiveWebhook {
  readonly app: AppProfile;
  readonly channel: string;
  readonly provider: 'facebook';
  readonly updates: readonly {
    readonly deduplicationKey: string;
    readonly contactId: string;
    readonly payload: Record<string, unknown>;
  }[];
}

/**
 * Keeps every update raw and raises `NewFacebookEventReceived` for it; one that came before is neither kept nor
 * raised again.
 *
 * @returns how many were new.
 */
export async function receiveWebhook(
  tx: Tx,
  { app, channel, provider, updates }: ReceiveWebhook,
): Promise<{ stored: number }> {
  let stored = 0;
  for (const { deduplicationKey, contactId, payload } of updates) {
    const [row] = await tx.orm
      .insert(webhookEventLogs)
      .values({
        appId: app.id,
        channel,
        provider,
        deduplicationKey,
        conversationKey: conversationKey(app.id, channel, contactId),
        payload,
      })
      .onConflictDoNothing()
      .returning();
    if (!row) continue;
    stored++;
    const { status: _status, note: _note, ...webhookEventLog } = row satisfies WebhookEventLog;
    tx.raise('NewFacebookEventReceived', { webhookEventLog });
  }
  return { stored };
}

import { conversationKey, type WebhookEventLog, webhookEventLogSchema } from '@mevrik/protocol';
import type { AppProfile } from '../apps/app-directory.ts';
import type { WebhookIntake } from '../channels/channel.ts';
import type { Tx } from '../log/transaction.ts';

/** Verified updates of a provider's webhook. */
export interface ReceiveWebhook {
  readonly app: AppProfile;
  /** The kind of the channels. */
  readonly provider: string;
  /** What is raised for each new webhook event. */
  readonly event: WebhookIntake['event'];
  readonly updates: readonly {
    /** The channel that it is for; `null` where the app has none for its account. */
    readonly channel: string | null;
    readonly deduplicationKey: string;
    readonly contactId: string;
    readonly payload: Record<string, unknown>;
  }[];
  /** Where updates are kept that no channel is for. */
  readonly otherwise: string;
}

const nobodys = 'no channel uses this account';

/**
 * Stores every webhook event raw, all in one statement, and raises `event` for each. A repeated one is neither stored
 * nor raised again; one that cannot become an event is stored as ignored and does not affect the others.
 *
 * @returns how many were new.
 */
export async function receiveWebhook(
  tx: Tx,
  { app, provider, event, updates, otherwise }: ReceiveWebhook,
): Promise<{ stored: number }> {
  if (updates.length === 0) return { stored: 0 };
  const rows = updates.map(({ channel, deduplicationKey, contactId, payload }, at) => {
    const place = channel ?? otherwise;
    const key = conversationKey(app.id, place, contactId);
    const fault = channel === null ? nobodys : faultOf({ deduplicationKey, conversationKey: key });
    return { at, channel: place, deduplicationKey, conversationKey: key.slice(0, 300), payload, fault };
  });
  const stored = await tx.sql<(WebhookEventLog & { status: string })[]>`
    INSERT INTO webhook_event_logs (app_id, channel, provider, deduplication_key, conversation_key, payload, status, note)
    SELECT ${app.id}, channel, ${provider}, left("deduplicationKey", 300), "conversationKey", payload,
           CASE WHEN fault IS NULL THEN 'received' ELSE 'ignored' END, fault
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      AS row (at integer, channel text, "deduplicationKey" text, "conversationKey" text, payload jsonb, fault text)
    ORDER BY at
    ON CONFLICT DO NOTHING
    RETURNING id, app_id AS "appId", channel, provider, deduplication_key AS "deduplicationKey",
              conversation_key AS "conversationKey", payload, received_at AS "receivedAt", status`;
  for (const { status, ...webhookEventLog } of stored.toSorted((one, other) => one.id - other.id)) {
    if (status === 'received') tx.raise(event, { webhookEventLog });
  }
  return { stored: stored.length };
}

const limits = webhookEventLogSchema.pick({ deduplicationKey: true, conversationKey: true });

function faultOf(row: { deduplicationKey: string; conversationKey: string }): string | null {
  return limits.safeParse(row).success ? null : 'the identifiers of this webhook event are too long';
}

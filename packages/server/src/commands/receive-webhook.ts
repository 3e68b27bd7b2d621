import { conversationKey, cutText, type WebhookEventLog, webhookEventLogSchema } from '@mevrik/protocol';
import type { AppProfile } from '../apps/app-directory.ts';
import type { WebhookIntake } from '../channels/channel.ts';
import type { Tx } from '../log/transaction.ts';

/** Verified events from a provider's webhook. */
export interface ReceiveWebhook {
  readonly app: AppProfile;
  /** The channel kind. */
  readonly provider: string;
  /** What is raised for each new webhook event. */
  readonly event: WebhookIntake['event'];
  readonly webhookEvents: readonly {
    /** The channel of its account; `null` if no channel of the app uses the account. */
    readonly channel: string | null;
    readonly deduplicationKey: string;
    readonly contactId: string;
    readonly payload: Record<string, unknown>;
  }[];
  /** The channel under which events without a channel are stored. */
  readonly fallbackChannel: string;
}

const unknownAccount = 'no channel uses this account';

/**
 * Stores every webhook event raw, all in one statement, and raises `event` for each. A repeated one is neither stored
 * nor raised again; one that cannot become an event is stored as ignored and does not affect the others.
 *
 * @returns how many were new.
 */
export async function receiveWebhook(
  tx: Tx,
  { app, provider, event, webhookEvents, fallbackChannel }: ReceiveWebhook,
): Promise<{ stored: number }> {
  if (webhookEvents.length === 0) return { stored: 0 };
  const rows = webhookEvents.map(({ channel, deduplicationKey, contactId, payload }, at) => {
    const storedUnder = channel ?? fallbackChannel;
    const key = conversationKey(app.id, storedUnder, contactId);
    const problem = channel === null ? unknownAccount : problemOf({ deduplicationKey, conversationKey: key });
    return {
      at,
      channel: storedUnder,
      deduplicationKey,
      conversationKey: cutText(key, 300),
      payload,
      problem,
    };
  });
  const stored = await tx.sql<(WebhookEventLog & { status: string })[]>`
    INSERT INTO webhook_event_logs (app_id, channel, provider, deduplication_key, conversation_key, payload, status, note)
    SELECT ${app.id}, channel, ${provider}, left("deduplicationKey", 300), "conversationKey", payload,
           CASE WHEN problem IS NULL THEN 'received' ELSE 'ignored' END, problem
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      AS row (at integer, channel text, "deduplicationKey" text, "conversationKey" text, payload jsonb, problem text)
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

function problemOf(row: { deduplicationKey: string; conversationKey: string }): string | null {
  return limits.safeParse(row).success ? null : 'the identifiers of this webhook event are too long';
}

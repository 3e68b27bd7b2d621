import { conversationKey, ProblemError, type WebhookEventLog } from '@mevrik/protocol';
import type { AppProfile } from '../apps/app-directory.ts';
import { adapterFor } from '../channels/index.ts';
import type { Tx } from '../log/transaction.ts';
import { eventOf } from './receive-webhook.ts';

/**
 * Has a kept update handled once more, as after a mistake was mended. What was made of it before stays: its message is
 * stored once. One that was for an account without a channel goes to the channel that there is for it now.
 *
 * @throws ProblemError `not_found`, or `invalid_event_data` for an update that can be no event.
 */
export async function replayWebhook(tx: Tx, app: AppProfile, updateId: number): Promise<void> {
  const [kept] = await tx.sql<{ channel: string; provider: string; key: string; payload: object }[]>`
    SELECT channel, provider, conversation_key AS key, payload FROM webhook_event_logs
    WHERE id = ${updateId} AND app_id = ${app.id} FOR UPDATE`;
  if (!kept) throw new ProblemError('not_found', 'There is no such update.');
  const { provider, payload } = kept;
  const channel = channelFor(app, provider, payload) ?? kept.channel;
  const contactId = kept.key.slice(conversationKey(app.id, kept.channel, '').length);
  const [row] = await tx.sql<WebhookEventLog[]>`
    UPDATE webhook_event_logs SET status = 'received', note = NULL, channel = ${channel},
      conversation_key = ${conversationKey(app.id, channel, contactId)}
    WHERE id = ${updateId}
    RETURNING id, app_id AS "appId", channel, provider, deduplication_key AS "deduplicationKey",
              conversation_key AS "conversationKey", payload, received_at AS "receivedAt"`;
  if (row) tx.raise(eventOf(provider), { webhookEventLog: row });
}

/** The channel of the account that an update is for, where its payload has that. */
function channelFor(app: AppProfile, provider: string, payload: object): string | undefined {
  const intake = adapterFor(provider)?.webhook;
  if (!intake || !('accountId' in payload)) return undefined;
  return [...app.channels.values()].find(
    ({ kind, settings }) => kind === provider && intake.diagnose(settings) === payload.accountId,
  )?.name;
}

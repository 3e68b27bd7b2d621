import { conversationKey, ProblemError, type WebhookEventLog } from '@mevrik/protocol';
import type { AppProfile } from '../apps/app-directory.ts';
import type { WebhookIntake } from '../channels/channel.ts';
import type { ChannelRegistry } from '../channels/registry.ts';
import type { Tx } from '../log/transaction.ts';

/**
 * Has a kept update handled once more, as after a mistake was mended. What was made of it before stays: its message is
 * stored once. One that was for an account without a channel goes to the channel that there is for it now.
 *
 * @throws ProblemError `not_found`, or `invalid_event_data` for an update that can be no event.
 */
export async function replayWebhook(
  tx: Tx,
  channels: ChannelRegistry,
  app: AppProfile,
  updateId: number,
): Promise<void> {
  const [kept] = await tx.sql<{ channel: string; provider: string; key: string; payload: object }[]>`
    SELECT channel, provider, conversation_key AS key, payload FROM webhook_event_logs
    WHERE id = ${updateId} AND app_id = ${app.id} FOR UPDATE`;
  if (!kept) throw new ProblemError('not_found', 'Webhook event not found.');
  const { provider, payload } = kept;
  const intake = channels.adapterFor(provider)?.webhook;
  const channel = (intake && channelFor(app, provider, intake, payload)) ?? kept.channel;
  const contactId = kept.key.slice(conversationKey(app.id, kept.channel, '').length);
  const [row] = await tx.sql<WebhookEventLog[]>`
    UPDATE webhook_event_logs SET status = 'received', note = NULL, channel = ${channel},
      conversation_key = ${conversationKey(app.id, channel, contactId)}
    WHERE id = ${updateId}
    RETURNING id, app_id AS "appId", channel, provider, deduplication_key AS "deduplicationKey",
              conversation_key AS "conversationKey", payload, received_at AS "receivedAt"`;
  if (row) tx.raise(intake?.event ?? 'NewProviderEventReceived', { webhookEventLog: row });
}

/** The channel of the account that an update is for, where its payload has that. */
function channelFor(
  app: AppProfile,
  provider: string,
  intake: WebhookIntake,
  payload: object,
): string | undefined {
  if (!('accountId' in payload)) return undefined;
  return [...app.channels.values()].find(
    ({ kind, settings }) => kind === provider && intake.accountIdOf(settings) === payload.accountId,
  )?.name;
}

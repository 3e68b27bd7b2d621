import { conversationKey, ProblemError, parseConversationKey, type WebhookEventLog } from '@mevrik/protocol';
import type { AppProfile } from '../apps/app-directory.ts';
import type { WebhookIntake } from '../channels/channel.ts';
import type { ChannelRegistry } from '../channels/registry.ts';
import type { Tx } from '../log/transaction.ts';

/**
 * Handles a stored webhook event again, for example after a bug was fixed. Its message is not stored twice. An event
 * for an account that had no channel goes to the channel that uses the account now.
 *
 * @throws ProblemError `not_found`, or `invalid_event_data` for a webhook event that cannot become an event.
 */
export async function replayWebhook(
  tx: Tx,
  channels: ChannelRegistry,
  app: AppProfile,
  webhookEventId: number,
): Promise<void> {
  const [stored] = await tx.sql<{ channel: string; provider: string; key: string; payload: object }[]>`
    SELECT channel, provider, conversation_key AS key, payload FROM webhook_event_logs
    WHERE id = ${webhookEventId} AND app_id = ${app.id} FOR UPDATE`;
  if (!stored) throw new ProblemError('not_found', 'Webhook event not found.');
  const { provider, payload } = stored;
  const intake = channels.adapterFor(provider)?.webhook;
  const channel = (intake && channelFor(app, provider, intake, payload)) ?? stored.channel;
  const { contactId } = parseConversationKey(stored.key);
  const [row] = await tx.sql<WebhookEventLog[]>`
    UPDATE webhook_event_logs SET status = 'received', note = NULL, channel = ${channel},
      conversation_key = ${conversationKey(app.id, channel, contactId)}
    WHERE id = ${webhookEventId}
    RETURNING id, app_id AS "appId", channel, provider, deduplication_key AS "deduplicationKey",
              conversation_key AS "conversationKey", payload, received_at AS "receivedAt"`;
  if (row) tx.raise(intake?.event ?? 'NewProviderEventReceived', { webhookEventLog: row });
}

/** The channel that uses the account of a webhook event; `undefined` if the payload names no account. */
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

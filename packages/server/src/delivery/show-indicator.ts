import type { DeliveryDeps } from './delivery-deps.ts';

/** A later indicator would be misleading. */
const timeoutMs = 5_000;

/** Shows the customer of a session that their message was read or that an agent is typing. */
export async function showIndicator(
  { database, apps, channels, files, log }: DeliveryDeps,
  { sessionId, indicator }: { readonly sessionId: number; readonly indicator: 'seen' | 'typing' },
): Promise<void> {
  const [contact] = await database.sql<
    { app_id: number; channel: string; contact_id: string; external_id: string | null }[]
  >`
    SELECT identity.app_id, identity.channel, identity.contact_id,
           (SELECT external_id FROM messages WHERE session_id = sessions.id AND NOT is_reply
            ORDER BY messages.id DESC LIMIT 1) AS external_id
    FROM sessions JOIN contact_identities AS identity ON identity.id = sessions.contact_identity_id
    WHERE sessions.id = ${sessionId}`;
  if (!contact) return;
  const channel = (await apps.byId(contact.app_id))?.channels.get(contact.channel);
  const outlet = channel?.enabled ? channels.senderFor(channel.kind) : undefined;
  if (!channel || outlet?.delivers !== 'by-sending' || !(outlet.reaches?.(contact.contact_id) ?? true))
    return;
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const to = { contactId: contact.contact_id, externalId: contact.external_id };
    await outlet.showIndicator?.(indicator, to, { settings: channel.settings, files, signal });
  } catch (error) {
    const { error: reason } = outlet.classify(error);
    log.info({ sessionId, indicator, reason, err: error }, 'failed to show an indicator');
  }
}

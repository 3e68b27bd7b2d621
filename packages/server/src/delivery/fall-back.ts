import type { Message } from '@mevrik/protocol';
import type { AppProfile } from '../apps/app-directory.ts';
import type { ChannelOutlet } from '../channels/channel.ts';
import type { ChannelRegistry } from '../channels/registry.ts';
import type { Tx } from '../log/transaction.ts';
import { enqueueDelivery } from './enqueue-delivery.ts';

/** A failed message, and what is needed to choose another channel. */
export interface FailedMessage {
  readonly app: AppProfile;
  readonly message: Message;
  readonly channels: ChannelRegistry;
  /** The event of the failure. */
  readonly eventId: string;
}

/**
 * Sends a failed message over the first of the app's fallback channels on which the customer is known and which has not
 * been tried for it.
 *
 * @returns the channel; `undefined` if none is left.
 */
export async function fallBack(tx: Tx, failed: FailedMessage): Promise<string | undefined> {
  const { app, message, channels, eventId } = failed;
  const outlets = new Map<string, ChannelOutlet>();
  for (const name of app.settings.delivery.fallback) {
    const channel = app.channels.get(name);
    const sender = channel?.enabled ? channels.senderFor(channel.kind) : undefined;
    if (sender?.delivers === 'by-sending') outlets.set(name, sender);
  }
  if (outlets.size === 0) return undefined;
  const usable = [...outlets.keys()];
  const contacts = await tx.sql<{ channel: string; contact_id: string; conversation_key: string }[]>`
    SELECT channel, contact_id, conversation_key FROM contact_identities AS identity
    WHERE app_id = ${app.id} AND customer_id = (SELECT customer_id FROM sessions WHERE id = ${message.sessionId}) AND channel = ANY (${usable})
      AND NOT EXISTS (SELECT FROM deliveries
                      WHERE message_id = ${message.id} AND deliveries.conversation_key = identity.conversation_key)
    ORDER BY array_position(${usable}::text[], channel), id DESC`;
  const contact = contacts.find(
    ({ channel, contact_id }) => outlets.get(channel)?.reaches?.(contact_id) ?? true,
  );
  if (!contact) return undefined;
  const [before] = await tx.sql<{ id: number }[]>`
    SELECT id FROM deliveries WHERE message_id = ${message.id} ORDER BY id DESC LIMIT 1`;
  const { channel, contact_id: contactId, conversation_key: conversationKey } = contact;
  await enqueueDelivery(tx, {
    message,
    to: { channel, contactId, conversationKey },
    comment: null,
    eventId,
    ...(before ? { fallbackOf: before.id } : {}),
  });
  return channel;
}

import type { ChannelRef } from '../channels/channel.ts';
import { hotDeliveries } from '../db/hot-tables.ts';
import type { Tx } from '../log/transaction.ts';
import { addNote } from '../state/messages.ts';
import { lockSession } from '../state/sessions.ts';
import { failDelivery } from './record-outcome.ts';
import { readReference } from './reference.ts';

/** A delivery report about a message that the mail server had accepted. */
export interface Bounce {
  /** The reference that it was sent with. */
  readonly reference: string;
  readonly outcome: 'failed' | 'delayed';
  readonly error: string;
}

/**
 * Applies a delivery report: a permanent failure fails the delivery, a delay adds a note.
 *
 * @returns the result, for the record of inbound emails.
 */
export async function applyBounce(
  tx: Tx,
  { appId, channel }: ChannelRef,
  { reference, outcome, error }: Bounce,
): Promise<'failed' | 'delayed' | 'repeated' | 'not ours'> {
  const read = readReference(reference);
  if (!read) return 'not ours';
  const where = 'WHERE id = $1 AND app_id = $2 AND channel = $3 FOR UPDATE';
  const [delivery] = await hotDeliveries.select(tx.sql, where, [read.deliveryId, appId, channel]);
  if (!delivery) return 'not ours';
  if (outcome === 'delayed') {
    const text = `Message ${delivery.messageId} has not reached the customer yet: ${error}`;
    await addNote(tx, await lockSession(tx, delivery.sessionId), { type: 'system' }, text);
    return 'delayed';
  }
  return failAfterSending(tx, delivery, error);
}

/** The failure of a message that the provider had accepted, by the provider's id. */
export interface LateFailure {
  readonly conversationKey: string;
  readonly externalId: string;
  readonly error: string;
}

/**
 * Fails a delivery that the provider had accepted. The webhook event can arrive before the provider's response has been
 * recorded: then this throws, so that the event is retried.
 *
 * @returns the result, for the log of webhook events.
 */
export async function applyFailure(
  tx: Tx,
  { conversationKey, externalId, error }: LateFailure,
): Promise<'failed' | 'repeated' | 'not ours'> {
  const where = 'WHERE conversation_key = $1 AND external_ids ? $2 ORDER BY id DESC LIMIT 1 FOR UPDATE';
  const [delivery] = await hotDeliveries.select(tx.sql, where, [conversationKey, externalId]);
  if (!delivery) {
    const [sending] = await tx.sql`
      SELECT FROM deliveries WHERE conversation_key = ${conversationKey} AND status = 'sending'`;
    if (sending) throw new Error('The message that failed is still being sent.');
    return 'not ours';
  }
  return failAfterSending(tx, delivery, error);
}

/** Fails a delivery that the provider had accepted; `repeated` if it has failed before. */
async function failAfterSending(
  tx: Tx,
  delivery: Parameters<typeof failDelivery>[1],
  error: string,
): Promise<'failed' | 'repeated'> {
  // It can have failed before its last part was sent; a retry must not take the parts so far as delivered.
  await tx.sql`
    UPDATE deliveries SET sent_at = (SELECT max(started_at) FROM delivery_attempts WHERE delivery_id = ${delivery.id})
    WHERE id = ${delivery.id} AND sent_at IS NULL`;
  const how = { permanent: true, bounced: true };
  const recorded = await failDelivery(tx, delivery, error, how, 'after it was sent');
  return recorded.status === 'failed' ? 'failed' : 'repeated';
}

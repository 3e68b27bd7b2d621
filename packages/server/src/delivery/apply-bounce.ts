import type { ChannelRef } from '../channels/channel.ts';
import { hotDeliveries } from '../db/hot-tables.ts';
import type { Tx } from '../log/transaction.ts';
import { addNote } from '../state/messages.ts';
import { lockSession } from '../state/sessions.ts';
import { failDelivery } from './record-outcome.ts';
import { readReference } from './reference.ts';

/** What a server on the way says of something that had been taken. */
export interface Bounce {
  /** What it was sent with. */
  readonly reference: string;
  readonly outcome: 'failed' | 'delayed';
  readonly error: string;
}

/**
 * Takes in that something of ours came back after it had been taken: for good, which fails it as if it had never been
 * taken, or for a while, which is noted.
 *
 * @returns what it was, for the record of what came in.
 */
export async function applyBounce(
  tx: Tx,
  { appId, channel }: ChannelRef,
  { reference, outcome, error }: Bounce,
): Promise<'failed' | 'delayed' | 'a second time' | 'not ours'> {
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
  const recorded = await failDelivery(
    tx,
    delivery,
    error,
    { permanent: true, bounced: true },
    'after it was sent',
  );
  return recorded.status === 'failed' ? 'failed' : 'a second time';
}

/** What the provider says of something that it had taken, by its own number. */
export interface LateFailure {
  readonly conversationKey: string;
  readonly externalId: string;
  readonly error: string;
}

/**
 * Takes in that the provider will not deliver what it had taken. Its news may come before its answer to the sending
 * is written down: then the update is tried again.
 *
 * @returns what it was, for the webhook's log.
 */
export async function applyFailure(
  tx: Tx,
  { conversationKey, externalId, error }: LateFailure,
): Promise<'failed' | 'a second time' | 'not ours'> {
  const where = 'WHERE conversation_key = $1 AND external_ids ? $2 ORDER BY id DESC LIMIT 1 FOR UPDATE';
  const [delivery] = await hotDeliveries.select(tx.sql, where, [conversationKey, externalId]);
  if (!delivery) {
    const [sending] = await tx.sql`
      SELECT FROM deliveries WHERE conversation_key = ${conversationKey} AND status = 'sending'`;
    if (sending) throw new Error('The message that failed is being sent still.');
    return 'not ours';
  }
  const recorded = await failDelivery(
    tx,
    delivery,
    error,
    { permanent: true, bounced: true },
    'after it was sent',
  );
  return recorded.status === 'failed' ? 'failed' : 'a second time';
}

import type { ChannelRef } from '../channels/channel.ts';
import { hotDeliveries } from '../db/hot-tables.ts';
import type { Tx } from '../log/transaction.ts';
import { addNote, quoteMessage } from '../state/messages.ts';
import { lockSession } from '../state/sessions.ts';
import { failDelivery } from './record-outcome.ts';
import { readReference } from './reference.ts';

/** A delivery report about a message that the mail server had accepted. */
export interface Bounce {
  /** The reference that it was sent with. */
  readonly reference: string;
  /** Whether the email was sent to this contact: after a restore, the reference can be that of another delivery. */
  readonly isFor: (contactId: string) => boolean;
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
  { reference, isFor, outcome, error }: Bounce,
): Promise<'failed' | 'delayed' | 'repeated' | 'not ours'> {
  const read = readReference(reference);
  if (!read) return 'not ours';
  const where = 'WHERE id = $1 AND app_id = $2 AND channel = $3 FOR UPDATE';
  const [delivery] = await hotDeliveries.select(tx.sql, where, [read.deliveryId, appId, channel]);
  if (!delivery || !isFor(delivery.contactId)) return 'not ours';
  if (outcome === 'delayed') {
    const text = `${await quoteMessage(tx, delivery.messageId)} has not reached the customer yet: ${error}`;
    await addNote(tx, await lockSession(tx, delivery.sessionId), { type: 'system' }, text);
    return 'delayed';
  }
  return failAfterSending(tx, delivery, error);
}

/** The failure of a message that the provider had accepted, by the provider's id. */
export interface LateFailure {
  readonly appId: number;
  readonly conversationKey: string;
  readonly externalId: string;
  readonly error: string;
  /** The event of the provider's report, which is the cause of what follows. */
  readonly eventId: string;
}

/** When a failure that came before the response to the send is applied again, until the response is recorded. */
const earlyFailurePollMs = 1_000;

/**
 * Fails a delivery that the provider had accepted. The report can arrive before the provider's response to the send is
 * recorded: then a job keeps it until that has happened.
 *
 * @returns the result, for the log of webhook events.
 */
export async function applyFailure(
  tx: Tx,
  failure: LateFailure,
): Promise<'failed' | 'early' | 'repeated' | 'not ours'> {
  const { conversationKey, externalId, error } = failure;
  // Locked, so that a send that is being recorded meanwhile is waited for and its id is found.
  const open = await tx.sql<{ status: string }[]>`
    SELECT status FROM deliveries
    WHERE conversation_key = ${conversationKey} AND status IN ('queued', 'sending') FOR UPDATE`;
  const where = 'WHERE conversation_key = $1 AND external_ids ? $2 ORDER BY id DESC LIMIT 1 FOR UPDATE';
  const [delivery] = await hotDeliveries.select(tx.sql, where, [conversationKey, externalId]);
  if (delivery) return failAfterSending(tx, delivery, error);
  if (!open.some(({ status }) => status === 'sending')) return 'not ours';
  await tx.addJob('apply-failure', { ...failure }, { runAt: new Date(Date.now() + earlyFailurePollMs) });
  return 'early';
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

import type { Tx } from '../log/transaction.ts';
import type { NewDelivery } from './enqueue-delivery.ts';

/** Finds the contact of a conversation. @throws Error for an unknown conversation. */
export async function findRecipient(tx: Tx, conversationKey: string): Promise<NewDelivery['to']> {
  const [row] = await tx.sql<{ channel: string; contact_id: string }[]>`
    SELECT channel, contact_id FROM contact_identities WHERE conversation_key = ${conversationKey}`;
  if (!row) throw new Error(`The conversation ${conversationKey} has no contact.`);
  return { channel: row.channel, contactId: row.contact_id, conversationKey };
}

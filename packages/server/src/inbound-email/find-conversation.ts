import { splitTag } from '../channels/email/address-parts.ts';
import type { ParsedEmail } from '../channels/email/read-email.ts';
import { isReplyTagOf, readMessageId, readReplyTag } from '../channels/email/reply-tags.ts';
import { readReference } from '../delivery/reference.ts';
import type { Tx } from '../log/transaction.ts';
import type { NewInboundEmail } from './receive-email.ts';

/** What an email's conversation is found by. */
export interface EmailThread {
  readonly received: Pick<NewInboundEmail, 'appId' | 'channel' | 'recipient'>;
  readonly email: Pick<ParsedEmail, 'to' | 'cc' | 'answers'>;
  /** The channel's address. */
  readonly address: string;
  readonly key: Buffer;
}

/**
 * Finds the contact whose conversation an email continues: by the signed tag in the address that it was sent to, else by
 * the emails that it replies to, sent or received. Never by its subject alone, which is not unique.
 *
 * @returns `undefined` if it starts a new conversation.
 */
export async function findConversation(tx: Tx, thread: EmailThread): Promise<string | undefined> {
  return (await byTag(tx, thread)) ?? byReferences(tx, thread);
}

async function byTag(tx: Tx, { received, email, address, key }: EmailThread): Promise<string | undefined> {
  const candidates = [received.recipient, ...[...email.to, ...email.cc].map((person) => person.address)];
  for (const candidate of new Set(candidates)) {
    const { address: plain, tag } = splitTag(candidate);
    if (tag === null || plain !== splitTag(address).address) continue;
    const id = readReplyTag(tag);
    if (id === undefined) continue;
    const [row] = await tx.sql<{ contact_id: string }[]>`
      SELECT contact_id FROM contact_identities
      WHERE id = ${id} AND app_id = ${received.appId} AND channel = ${received.channel}`;
    const isSigned = row && isReplyTagOf(tag, { contactIdentityId: id, contactId: row.contact_id }, key);
    if (isSigned) return row.contact_id;
  }
  return undefined;
}

async function byReferences(tx: Tx, { received, email, key }: EmailThread): Promise<string | undefined> {
  const { appId, channel } = received;
  for (const messageId of email.answers) {
    const sent = readMessageId(messageId, key);
    const ours = readReference(sent?.reference ?? '');
    const [row] = await tx.sql<{ contact_id: string; sent_to: string | null }[]>`
      SELECT contact_id, sent_to FROM contact_identities JOIN (
        ${
          ours
            ? tx.sql`SELECT conversation_key, contact_id AS sent_to FROM deliveries
                     WHERE id = ${ours.deliveryId} AND app_id = ${appId} AND channel = ${channel}`
            : tx.sql`SELECT conversation_key, NULL AS sent_to FROM inbound_emails
                     WHERE app_id = ${appId} AND channel = ${channel} AND message_id = ${messageId}
                       AND conversation_key IS NOT NULL ORDER BY id LIMIT 1`
        }) AS answered USING (conversation_key)`;
    // After a restore, the id of a delivery can be that of another one.
    const isMeant = row?.sent_to == null || sent?.isFor(row.sent_to) === true;
    if (row && isMeant) return row.contact_id;
  }
  return undefined;
}

import { splitTag } from '../channels/email/address-parts.ts';
import type { ParsedEmail } from '../channels/email/read-email.ts';
import { readMessageId, readReplyTag } from '../channels/email/reply-tags.ts';
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
    const id = tag === null || plain !== splitTag(address).address ? undefined : readReplyTag(tag, key);
    if (id === undefined) continue;
    const [row] = await tx.sql<{ contact_id: string }[]>`
      SELECT contact_id FROM contact_identities
      WHERE id = ${id} AND app_id = ${received.appId} AND channel = ${received.channel}`;
    if (row) return row.contact_id;
  }
  return undefined;
}

async function byReferences(tx: Tx, { received, email, key }: EmailThread): Promise<string | undefined> {
  const { appId, channel } = received;
  for (const messageId of email.answers) {
    const ours = readReference(readMessageId(messageId, key) ?? '');
    const [row] = await tx.sql<{ contact_id: string }[]>`
      SELECT contact_id FROM contact_identities WHERE conversation_key = (
        SELECT conversation_key FROM ${
          ours
            ? tx.sql`deliveries WHERE id = ${ours.deliveryId} AND app_id = ${appId} AND channel = ${channel}`
            : tx.sql`inbound_emails WHERE app_id = ${appId} AND channel = ${channel} AND message_id = ${messageId}
                     AND conversation_key IS NOT NULL ORDER BY id LIMIT 1`
        })`;
    if (row) return row.contact_id;
  }
  return undefined;
}

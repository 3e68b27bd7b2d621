import { splitTag } from '../channels/email/address-parts.ts';
import { identifyEmail, readHeaders } from '../channels/email/email-headers.ts';
import type { MailboxCursor, MailboxStore } from '../channels/email/read-mailbox.ts';
import type { Database } from '../db/database.ts';
import { normaliseEmailAddress } from '../domain/contact/email-address.ts';
import type { Tx } from '../log/transaction.ts';
import type { UnitOfWork } from '../log/unit-of-work.ts';
import type { EmailChannel } from './email-channels.ts';
import { receiveEmail } from './receive-email.ts';

/** Creates the store of a channel's mailbox: its emails and its cursor. */
export function createMailboxStore(
  { database, unitOfWork }: { readonly database: Database; readonly unitOfWork: UnitOfWork },
  channel: EmailChannel,
  mailbox: string,
): MailboxStore {
  const { appId, channel: name } = channel;
  return {
    async load() {
      const [row] = await database.sql<{ uid_validity: string; last_uid: number; read_at: string }[]>`
        SELECT uid_validity, last_uid, read_at FROM mailbox_cursors
        WHERE app_id = ${appId} AND channel = ${name} AND mailbox = ${mailbox}`;
      return row && { uidValidity: row.uid_validity, lastUid: row.last_uid, readAt: row.read_at };
    },
    advance: (from, to, email) =>
      unitOfWork.run(async (tx) => {
        if (!(await moveCursor(tx, channel, mailbox, from, to))) return false;
        if (email) {
          const sender = identifyEmail(email).from;
          const recipient = recipientIn(email, channel.address);
          await receiveEmail(tx, { appId, channel: name, source: 'imap', sender, recipient, raw: email });
        }
        return true;
      }),
  };
}

/** Moves the cursor only if it is at `from`, so that the second of two readers notices the first. */
async function moveCursor(
  tx: Tx,
  { appId, channel }: EmailChannel,
  mailbox: string,
  from: MailboxCursor | undefined,
  to: MailboxCursor,
): Promise<boolean> {
  const rows = from
    ? await tx.sql`
        UPDATE mailbox_cursors SET uid_validity = ${to.uidValidity}, last_uid = ${to.lastUid}, read_at = now()
        WHERE app_id = ${appId} AND channel = ${channel} AND mailbox = ${mailbox}
          AND uid_validity = ${from.uidValidity} AND last_uid = ${from.lastUid}
        RETURNING last_uid`
    : await tx.sql`
        INSERT INTO mailbox_cursors (app_id, channel, mailbox, uid_validity, last_uid)
        VALUES (${appId}, ${channel}, ${mailbox}, ${to.uidValidity}, ${to.lastUid})
        ON CONFLICT DO NOTHING RETURNING last_uid`;
  return rows.length > 0;
}

/** The address that an email was delivered to, by the headers of the last server; it can contain a tag. */
function recipientIn(raw: Buffer, address: string): string {
  const { headers } = readHeaders(raw);
  const written = ['delivered-to', 'x-original-to', 'envelope-to'].flatMap((name) => headers.get(name) ?? []);
  const found = written
    .map((value) => normaliseEmailAddress(value.replace(/[<>]/g, '')) ?? '')
    .find((one) => splitTag(one).address === splitTag(address).address);
  return found ?? address;
}

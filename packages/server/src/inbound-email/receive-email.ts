import { storableText } from '@mevrik/protocol';
import { identifyEmail } from '../channels/email/email-headers.ts';
import type { Tx } from '../log/transaction.ts';

/** An email received for a channel. */
export interface NewInboundEmail {
  readonly appId: number;
  readonly channel: string;
  readonly source: 'smtp' | 'imap';
  /** The envelope sender, empty for bounces; without an envelope, the address in From. */
  readonly sender: string;
  readonly recipient: string;
  readonly raw: Buffer;
}

/** Stores an email as received and schedules its processing; a copy of a stored email changes nothing. */
export async function receiveEmail(tx: Tx, email: NewInboundEmail): Promise<'stored' | 'repeated'> {
  const { appId, channel, source, sender, recipient, raw } = email;
  const { messageId, deduplicationKey } = identifyEmail(raw);
  const [row] = await tx.sql.unsafe<{ id: number }>(
    `INSERT INTO inbound_emails
       (app_id, channel, source, sender, recipient, raw, size_bytes, message_id, deduplication_key)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING id`,
    [
      appId,
      channel,
      source,
      storableText(sender),
      storableText(recipient),
      raw,
      raw.length,
      messageId === null ? null : storableText(messageId),
      deduplicationKey,
    ],
  );
  if (!row) return 'repeated';
  await wakeEmails(tx, { appId, channel, sender: storableText(sender) });
  return 'stored';
}

/** The emails of one sender to one channel, which are processed one after another. */
export interface EmailLane {
  readonly appId: number;
  readonly channel: string;
  readonly sender: string;
}

/** Schedules the processing of a sender's emails: at once, or at an instant. */
export async function wakeEmails(tx: Tx, lane: EmailLane, at?: string): Promise<void> {
  await tx.addJob(
    'process-emails',
    { ...lane },
    {
      key: `emails ${lane.appId}/${lane.channel} ${lane.sender}`,
      appId: lane.appId,
      ...(at === undefined ? {} : { runAt: new Date(at) }),
    },
  );
}

/** The number of emails of one sender within the last hour. */
export async function countEmails(tx: Tx, { appId, channel, sender }: EmailLane): Promise<number> {
  const [row] = await tx.sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM inbound_emails
    WHERE app_id = ${appId} AND channel = ${channel} AND sender = ${sender}
      AND received_at > now() - interval '1 hour'`;
  return row?.count ?? 0;
}

import { ProblemError } from '@mevrik/protocol';
import type { Tx } from '../log/transaction.ts';
import { wakeMails } from './receive-email.ts';

/**
 * Has a kept mail taken in once more. What was made of it before stays: its message is stored once.
 *
 * @throws ProblemError `not_found`.
 */
export async function replayMail(tx: Tx, mailId: number): Promise<void> {
  const [mail] = await tx.sql<{ app_id: number; channel: string; sender: string }[]>`
    UPDATE inbound_mails SET status = 'received', note = NULL, attempts = 0, retry_at = NULL WHERE id = ${mailId}
    RETURNING app_id, channel, sender`;
  if (!mail) throw new ProblemError('not_found', 'There is no such mail.');
  await wakeMails(tx, { appId: mail.app_id, channel: mail.channel, sender: mail.sender });
}

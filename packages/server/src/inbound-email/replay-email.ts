import { ProblemError } from '@mevrik/protocol';
import type { Tx } from '../log/transaction.ts';
import { wakeEmails } from './receive-email.ts';

/**
 * Processes a stored email again. Results of earlier processing stay: its message is stored only once.
 *
 * @throws ProblemError `not_found`.
 */
export async function replayEmail(tx: Tx, emailId: number): Promise<void> {
  const [email] = await tx.sql<{ app_id: number; channel: string; sender: string }[]>`
    UPDATE inbound_emails SET status = 'received', note = NULL, attempts = 0, retry_at = NULL WHERE id = ${emailId}
    RETURNING app_id, channel, sender`;
  if (!email) throw new ProblemError('not_found', 'Email not found.');
  await wakeEmails(tx, { appId: email.app_id, channel: email.channel, sender: email.sender });
}

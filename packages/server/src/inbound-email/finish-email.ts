import { cutText, storableText } from '@mevrik/protocol';
import { writeAudit } from '../audit/audit.ts';
import type { Tx } from '../log/transaction.ts';
import type { EmailLane } from './receive-email.ts';

/** An error message as it is stored with an email. */
export function reasonOf(error: string): string {
  return cutText(storableText(error), 1000);
}

/**
 * Ends the processing of an email: as `unreadable` if the email is the cause, else as `failed`, which is audited. Without
 * a reason, the one already stored is kept.
 */
export async function finishEmail(
  tx: Tx,
  { appId }: EmailLane,
  email: { readonly id: number; readonly status: 'unreadable' | 'failed'; readonly reason: string | null },
): Promise<void> {
  const { id, status, reason } = email;
  const [ended] = await tx.sql`
    UPDATE inbound_emails SET status = ${status}, retry_at = NULL,
      note = coalesce(${reason === null ? null : reasonOf(reason)}, note)
    WHERE id = ${id} AND status = 'received' RETURNING id`;
  if (!ended || status !== 'failed') return;
  await writeAudit(tx.sql, { appId, actor: 'email', action: 'email.failed', target: `email ${id}` });
}

import { type Message, ProblemError } from '@mevrik/protocol';
import { eq } from 'drizzle-orm';
import { writeAudit } from '../audit/audit.ts';
import { hotMessages } from '../db/hot-tables.ts';
import { toMessage } from '../db/models.ts';
import { messages } from '../db/schema.ts';
import type { Tx } from '../log/transaction.ts';
import { type LockedSession, lockSession } from '../state/sessions.ts';
import { wakeDelivery } from './enqueue-delivery.ts';

/** A request to retry a failed message. */
export interface RetryMessage {
  readonly messageId: number;
  /** Who requested it, for the audit log. */
  readonly actor: string;
  /** Checks that they may write in this session. @throws if they may not. */
  readonly authorize: (session: LockedSession) => void;
}

/**
 * Retries a failed message on its original channel, with a full number of attempts. All parts are sent again if the
 * provider had accepted it, otherwise those that are left. If it was doubtful whether it had arrived, the agent accepts
 * that it may arrive twice.
 *
 * @throws ProblemError `not_found`, or `conflict` if it has not failed or was never sent through a provider.
 */
export async function retryMessage(
  tx: Tx,
  { messageId, actor, authorize }: RetryMessage,
): Promise<{ message: Message; isDoubtful: boolean }> {
  const [found] = await tx.orm
    .select({ sessionId: messages.sessionId })
    .from(messages)
    .where(eq(messages.id, messageId));
  if (!found) throw new ProblemError('not_found', 'Message not found.');
  const session = await lockSession(tx, found.sessionId);
  authorize(session);
  const failed = `WHERE id = $1 AND is_reply AND delivery_status = 'failed' FOR UPDATE`;
  const [row] = await hotMessages.select(tx.sql, failed, [messageId]);
  if (!row) throw new ProblemError('conflict', 'Only a failed message can be retried.');
  const [delivery] = await tx.sql<{ id: string; conversation_key: string; doubts: number }[]>`
    UPDATE deliveries SET status = 'queued', attempts = 0, error = NULL, finished_at = NULL,
      next_attempt_at = now(), queued_at = now(), sent_at = NULL,
      external_ids = CASE WHEN sent_at IS NULL THEN external_ids ELSE '[]' END
    WHERE id = (SELECT id FROM deliveries WHERE message_id = ${messageId} AND status = 'failed'
                ORDER BY fallback_of IS NOT NULL, id LIMIT 1)
      AND NOT EXISTS (SELECT FROM deliveries WHERE message_id = ${messageId} AND status <> 'failed')
    RETURNING id, conversation_key, doubts`;
  if (!delivery) {
    throw new ProblemError('conflict', 'The message was not sent through a provider. Write it again.');
  }
  await tx.sql`
    UPDATE delivery_attempts SET decision = 'resend' WHERE delivery_id = ${delivery.id} AND decision = 'give_up'`;
  await tx.sql`UPDATE messages SET delivery_status = 'pending', delivery_error = NULL WHERE id = ${messageId}`;
  await wakeDelivery(tx, delivery.conversation_key);
  const target = `message ${messageId}`;
  await writeAudit(tx.sql, { appId: session.appId, actor, action: 'message.retry', target });
  return { message: toMessage({ ...row, deliveryStatus: 'pending' }), isDoubtful: delivery.doubts > 0 };
}

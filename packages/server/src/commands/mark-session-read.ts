import { ProblemError } from '@mevrik/protocol';
import { and, eq, inArray, lte, sql } from 'drizzle-orm';
import { messages, sessions } from '../db/schema.ts';
import type { Tx } from '../log/transaction.ts';
import { type LockedSession, lockSession } from '../state/sessions.ts';

/** The last message that the customer or the desk has read in a session. */
export interface MarkSessionRead {
  readonly sessionId: number;
  readonly by: 'customer' | 'agent';
  readonly messageId: number;
  /** @throws ProblemError `forbidden` without permission. */
  readonly authorize: (session: LockedSession) => void;
}

/**
 * Stores how far the customer or the desk has read. A customer's mark sets the replies up to it to `read`. Marks only
 * move forward.
 *
 * @throws ProblemError `not_found` when the message does not belong to the session.
 */
export async function markSessionRead(
  tx: Tx,
  { sessionId, by, messageId, authorize }: MarkSessionRead,
): Promise<void> {
  const session = await lockSession(tx, sessionId);
  authorize(session);
  const [message] = await tx.orm
    .select({ id: messages.id })
    .from(messages)
    .where(and(eq(messages.id, messageId), eq(messages.conversationKey, session.conversationKey)));
  if (!message) throw new ProblemError('not_found', 'Message not found in this session.');
  const mark = by === 'customer' ? sessions.customerReadMessageId : sessions.agentReadMessageId;
  const field = by === 'customer' ? 'customerReadMessageId' : 'agentReadMessageId';
  await tx.orm
    .update(sessions)
    .set({ [field]: sql`greatest(${mark}, ${messageId})` })
    .where(eq(sessions.id, sessionId));
  if (by === 'agent') return;
  await tx.orm
    .update(messages)
    .set({ deliveryStatus: 'read' })
    .where(
      and(
        eq(messages.sessionId, sessionId),
        lte(messages.id, messageId),
        eq(messages.isReply, true),
        inArray(messages.deliveryStatus, ['pending', 'sent', 'delivered']),
        sql`${messages.kind} <> 'note'`,
      ),
    );
}

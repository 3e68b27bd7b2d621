import { type Message, ProblemError, type Sender } from '@mevrik/protocol';
import { and, eq } from 'drizzle-orm';
import { toMessage } from '../db/models.ts';
import { messages } from '../db/schema.ts';
import type { Tx } from '../log/transaction.ts';
import type { LockedSession } from './sessions.ts';

/** Identifies a repeated request: the client's Idempotency-Key, and a hash of the request. */
export interface Idempotency {
  readonly key: string;
  readonly hash: string;
}

/** What identifies a message that was stored before. */
export interface RepeatedMessage {
  readonly conversationKey: string;
  readonly idempotency?: Idempotency | undefined;
  /** The channel's id of the message; used where there is no idempotency key. */
  readonly externalId?: string | undefined;
}

/**
 * The message that an earlier, identical request stored.
 * @throws ProblemError `idempotency_mismatch` when the key was used for another request.
 */
export async function requireRepeatedMessage(
  tx: Tx,
  { conversationKey, idempotency, externalId = '' }: RepeatedMessage,
): Promise<Message> {
  const isIt = idempotency
    ? eq(messages.idempotencyKey, idempotency.key)
    : eq(messages.externalId, externalId);
  const [row] = await tx.orm
    .select()
    .from(messages)
    .where(and(eq(messages.conversationKey, conversationKey), isIt));
  if (!row) throw new ProblemError('conflict', 'The message was stored by a concurrent request. Try again.');
  if (idempotency && row.idempotencyHash !== idempotency.hash) {
    throw new ProblemError(
      'idempotency_mismatch',
      'This Idempotency-Key was already used for a different request. Use a new one.',
    );
  }
  return toMessage(row);
}

/** Adds an internal note to a conversation: agents see it, customers do not, and no event is raised. */
export async function addNote(
  tx: Tx,
  session: LockedSession,
  sender: Sender,
  text: string,
  idempotency?: Idempotency,
): Promise<Message> {
  const [stored] = await tx.orm
    .insert(messages)
    .values({
      ...sessionColumns(session),
      kind: 'note',
      isReply: true,
      ...senderColumns(sender),
      content: { text },
      deliveryStatus: 'sent',
      idempotencyKey: idempotency?.key ?? null,
      idempotencyHash: idempotency?.hash ?? null,
    })
    .onConflictDoNothing()
    .returning();
  if (stored) return toMessage(stored);
  return requireRepeatedMessage(tx, { conversationKey: session.conversationKey, idempotency });
}

/** The columns of a message that come from its session. */
export function sessionColumns(session: LockedSession) {
  return {
    appId: session.appId,
    sessionId: session.id,
    customerId: session.customerId,
    caseId: session.openCaseId,
    conversationKey: session.conversationKey,
    channel: session.channel,
    agentType: session.agentType,
  };
}

/** The columns of a message that name its sender. */
export function senderColumns(sender: Sender) {
  return { senderType: sender.type, senderId: sender.id ?? null, senderName: sender.name ?? null };
}

import { cutText, type Message, type MessageContent, ProblemError, type Sender } from '@mevrik/protocol';
import { hotMessages } from '../db/hot-tables.ts';
import { toMessage } from '../db/models.ts';
import { messages } from '../db/schema.ts';
import type { Tx } from '../log/transaction.ts';
import type { LockedSession } from './sessions.ts';

/** Identifies a repeated request: the client's Idempotency-Key, and a hash of the request. */
export interface Idempotency {
  readonly key: string;
  readonly hash: string;
}

/** The length of a quoted message in a note, in characters. */
const maxQuoted = 80;

/** What identifies a message that was stored before. */
export interface RepeatedMessage {
  readonly conversationKey: string;
  readonly idempotency?: Idempotency | undefined;
  /** The channel's id of the message; used where there is no idempotency key. */
  readonly externalId?: string | undefined;
}

/**
 * The message that an earlier, identical request stored; `undefined` if there is none.
 * @throws ProblemError `idempotency_mismatch` when the key was used for another request.
 */
export async function findRepeatedMessage(
  tx: Tx,
  { conversationKey, idempotency, externalId }: RepeatedMessage,
): Promise<Message | undefined> {
  const id = idempotency?.key ?? externalId;
  if (id === undefined) return undefined;
  const column = idempotency ? 'idempotency_key' : 'external_id';
  const where = `WHERE conversation_key = $1 AND ${column} = $2`;
  const [row] = await hotMessages.select(tx.sql, where, [conversationKey, id]);
  if (row && idempotency && row.idempotencyHash !== idempotency.hash) {
    throw new ProblemError(
      'idempotency_mismatch',
      'This Idempotency-Key was already used for a different request. Use a new one.',
    );
  }
  return row && toMessage(row);
}

/**
 * The message that an earlier, identical request stored, where one is known to exist.
 * @throws ProblemError `idempotency_mismatch` when the key was used for another request.
 */
export async function requireRepeatedMessage(tx: Tx, repeated: RepeatedMessage): Promise<Message> {
  const message = await findRepeatedMessage(tx, repeated);
  if (!message) throw storedConcurrently();
  return message;
}

/** The problem of a request whose message a concurrent request has stored. */
export function storedConcurrently(): ProblemError {
  return new ProblemError('conflict', 'The message was stored by a concurrent request. Try again.');
}

/** A message as a note names it: the start of its text, or what it is. */
export function quote({ text = '' }: MessageContent): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  if (line === '') return 'A message without text';
  const start = cutText(line, maxQuoted);
  return `“${start}${start.length < line.length ? '…' : ''}”`;
}

/** A stored message as a note names it, as `quote` does. */
export async function quoteMessage({ sql }: Tx, id: number): Promise<string> {
  const [row] = await sql<{ content: MessageContent }[]>`SELECT content FROM messages WHERE id = ${id}`;
  return quote(row?.content ?? {});
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

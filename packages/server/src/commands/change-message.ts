import { createHash } from 'node:crypto';
import type { Message, MessageChange, MessageContent } from '@mevrik/protocol';
import { and, eq } from 'drizzle-orm';
import { fileIdsOf, releaseFiles } from '../attachments/file-claims.ts';
import { toMessage } from '../db/models.ts';
import { messages } from '../db/schema.ts';
import type { Tx } from '../log/transaction.ts';
import { addNote } from '../state/messages.ts';
import { lockSession } from '../state/sessions.ts';

/** A customer's edit or deletion of their own message. */
export type ChangeMessage = Omit<MessageChange, 'appId'>;

/** A message as it is after a customer's change, and the note about it. */
export interface ChangedMessage {
  readonly message: Message;
  readonly note: Message;
}

/**
 * Applies a customer's edit or deletion, as `changeMessage` does. Call it in the order of the conversation: a change
 * whose message has not been stored yet, because the provider sent the change first, is kept in a job; a later change
 * of the same message replaces it.
 */
export async function receiveMessageChange(
  tx: Tx,
  change: ChangeMessage,
): Promise<Awaited<ReturnType<typeof changeMessage>>> {
  const key = keyOf(change);
  await tx.sql`SELECT graphile_worker.remove_job(${key})`;
  const changed = await changeMessage(tx, change);
  if (changed === 'unknown') {
    const { conversationKey, externalId, text } = change;
    const payload = { conversationKey, externalId, text };
    await tx.addJob('apply-message-change', payload, { key, maxAttempts: 8 });
  }
  return changed;
}

/** The key of the job for a message's change. A job's key has at most 512 characters, the ids may have 600. */
function keyOf({ conversationKey, externalId }: ChangeMessage): string {
  const digest = createHash('sha256').update(`${conversationKey} ${externalId}`).digest('hex');
  return `message change ${digest}`;
}

/**
 * Applies a customer's edit or deletion, and adds a note for the agents, who may have answered already. A deletion also
 * releases the files of the message. It is final: an edit that arrives after it changes nothing. Nor does an edit to the
 * text that the message has: providers also report changes that are not shown.
 *
 * @returns the changed message and the note; `unknown` if the message does not exist.
 */
export async function changeMessage(
  tx: Tx,
  { conversationKey, externalId, text }: ChangeMessage,
): Promise<ChangedMessage | 'unknown' | 'unchanged'> {
  const isIt = and(eq(messages.conversationKey, conversationKey), eq(messages.externalId, externalId));
  const [found] = await tx.orm.select({ sessionId: messages.sessionId }).from(messages).where(isIt);
  if (!found) return 'unknown';
  const session = await lockSession(tx, found.sessionId);
  // Only now: our copies of its files may have been stored while this waited for the lock.
  const [known] = await tx.orm.select().from(messages).where(isIt).for('update');
  if (!known) return 'unknown';
  if (isDeleted(known.content) || text === (known.content.text ?? '')) return 'unchanged';
  const content = text === null ? {} : { ...known.content, text };
  await tx.orm.update(messages).set({ content }).where(eq(messages.id, known.id));
  if (text === null) await releaseFiles(tx.sql, fileIdsOf(known.content));
  const what =
    text === null
      ? 'The customer deleted a message.'
      : `The customer edited a message. It was: ${known.content.text ?? '(no text)'}`;
  const note = await addNote(tx, session, { type: 'system' }, what);
  return { message: toMessage({ ...known, content }), note };
}

/** Whether the customer deleted the message: only a deletion leaves nothing of the content. */
function isDeleted(content: MessageContent): boolean {
  return Object.keys(content).length === 0;
}

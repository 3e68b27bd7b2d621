import type { Message } from '@mevrik/protocol';
import { and, eq } from 'drizzle-orm';
import { toMessage } from '../db/models.ts';
import { messages } from '../db/schema.ts';
import type { Tx } from '../log/transaction.ts';
import { addNote } from '../state/messages.ts';
import { lockSession } from '../state/sessions.ts';

/** A customer's edit or deletion of their own message. */
export interface ChangeMessage {
  readonly conversationKey: string;
  /** The channel's id of the message. */
  readonly externalId: string;
  /** The new text; `null`: deleted. */
  readonly text: string | null;
}

/**
 * Applies a customer's edit or deletion, and adds a note for the agents, who may have answered already.
 *
 * @returns the changed message and the note; `undefined` if the message does not exist.
 */
export async function changeMessage(
  tx: Tx,
  { conversationKey, externalId, text }: ChangeMessage,
): Promise<{ message: Message; note: Message } | undefined> {
  const isIt = and(eq(messages.conversationKey, conversationKey), eq(messages.externalId, externalId));
  const [known] = await tx.orm.select().from(messages).where(isIt);
  if (!known) return undefined;
  const session = await lockSession(tx, known.sessionId);
  const content = text === null ? {} : { ...known.content, text };
  const [row] = await tx.orm.update(messages).set({ content }).where(isIt).returning();
  if (!row) return undefined;
  const what =
    text === null
      ? `The customer deleted message ${known.id}.`
      : `The customer edited message ${known.id}. It was: ${known.content.text ?? '(no text)'}`;
  const note = await addNote(tx, session, { type: 'system' }, what);
  return { message: toMessage(row), note };
}

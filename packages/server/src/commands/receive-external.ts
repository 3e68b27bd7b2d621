import type { MessageContainer } from '@mevrik/protocol';
import type { Tx } from '../log/transaction.ts';

/**
 * Takes in a message from an external source as an event; a listener stores it. What arrives twice is stored once,
 * known by the source's own number for the message.
 *
 * @throws ProblemError `invalid_event_data`, naming the field.
 */
export async function receiveExternal(tx: Tx, messageContainer: MessageContainer): Promise<void> {
  tx.raise('NewMessageReceivedEvent', { messageContainer });
}

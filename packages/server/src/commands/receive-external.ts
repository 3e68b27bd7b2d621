import type { MessageContainer } from '@mevrik/protocol';
import type { Tx } from '../log/transaction.ts';

/**
 * Raises an event for a message from an external source; a listener stores it. A repeated message, identified by the
 * source's id, is stored once.
 *
 * @throws ProblemError `invalid_event_data`, naming the field.
 */
export async function receiveExternal(tx: Tx, messageContainer: MessageContainer): Promise<void> {
  tx.raise('NewMessageReceivedEvent', { messageContainer });
}

import { topics } from '@mevrik/protocol';
import { eq } from 'drizzle-orm';
import { addNote } from '../commands/send-reply.ts';
import { lockSession } from '../commands/sessions.ts';
import { messages } from '../db/schema.ts';
import { listener } from './needs.ts';

/** Marks a reply as failed and tells the agents in the conversation why. */
export const HandleDeliveryFailure = listener<'MessageDeliveryFailedEvent'>({
  name: 'HandleDeliveryFailure',
  summary: 'Marks the reply as failed and tells the agents in the conversation why.',
  async handle({ appId, data: { message, error } }, { tx, needs }) {
    const session = await lockSession(tx, message.sessionId);
    await tx.orm
      .update(messages)
      .set({ deliveryStatus: 'failed', deliveryError: error })
      .where(eq(messages.id, message.id));
    const text = `Message ${message.id} did not reach the customer: ${error}`;
    const note = await addNote(tx, session, { type: 'system' }, text);
    const payload = { messageId: message.id, sessionId: session.id, error, note };
    tx.afterCommit(() =>
      needs.notify([
        { appId, topic: topics.agentType('live'), event: 'message_failed', payload },
        ...(session.assignedAgentId === null
          ? []
          : [{ appId, topic: topics.agent(session.assignedAgentId), event: 'message_failed', payload }]),
      ]),
    );
  },
});

import { topics } from '@mevrik/protocol';
import { eq } from 'drizzle-orm';
import { requireApp } from '../apps/app-directory.ts';
import { messages } from '../db/schema.ts';
import { fallBack } from '../delivery/fall-back.ts';
import { notice } from '../live/notice.ts';
import { addNote, quote } from '../state/messages.ts';
import { lockSession } from '../state/sessions.ts';
import { listener } from './listener-deps.ts';

/** Sends a failed reply over a fallback channel or marks it as failed, and notifies the agents of the reason. */
export const HandleDeliveryFailure = listener<'MessageDeliveryFailedEvent'>({
  name: 'HandleDeliveryFailure',
  summary:
    'Sends a failed reply over a fallback channel or marks it as failed, and notifies the agents of the reason.',
  async handle({ id: eventId, appId, data: { message, error } }, { tx, deps }) {
    const session = await lockSession(tx, message.sessionId);
    const app = await requireApp(deps.apps, appId);
    const fallback = await fallBack(tx, { app, message, channels: deps.channels, eventId });
    await tx.orm
      .update(messages)
      .set({ deliveryStatus: fallback === undefined ? 'failed' : 'pending', deliveryError: error })
      .where(eq(messages.id, message.id));
    const instead = fallback === undefined ? '' : ` It is sent through ${fallback} instead.`;
    const text = `${quote(message.content)} was not delivered: ${error}${instead}`;
    const note = await addNote(tx, session, { type: 'system' }, text);
    const payload = { messageId: message.id, sessionId: session.id, error, note };
    const notified: string[] = [topics.agentType('live')];
    if (session.assignedAgentId !== null) notified.push(topics.agent(session.assignedAgentId));
    tx.afterCommit(() =>
      deps.notify(notified.map((topic) => notice('message_failed', appId, topic, payload))),
    );
  },
});

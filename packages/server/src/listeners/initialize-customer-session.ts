import { topics } from '@mevrik/protocol';
import { and, desc, eq, lt } from 'drizzle-orm';
import { sessions } from '../db/schema.ts';
import { notice } from '../live/notice.ts';
import { listener } from './listener-deps.ts';

/** Copies the read position from the conversation's previous session and notifies the desk of the new one. */
export const InitializeCustomerSession = listener<'SessionCreatedEvent'>({
  name: 'InitializeCustomerSession',
  summary: 'Copies the read position from the previous session and notifies the desk of the new one.',
  async handle({ appId, data: { sessionUser } }, { tx, deps }) {
    const [last] = await tx.orm
      .select({ socialContext: sessions.socialContext, readMessageId: sessions.customerReadMessageId })
      .from(sessions)
      .where(and(eq(sessions.conversationKey, sessionUser.conversationKey), lt(sessions.id, sessionUser.id)))
      .orderBy(desc(sessions.id))
      .limit(1);
    if (last) {
      await tx.orm
        .update(sessions)
        .set({ customerReadMessageId: last.readMessageId })
        .where(eq(sessions.id, sessionUser.id));
    }
    const payload = { session: sessionUser };
    tx.afterCommit(() => deps.notify([notice('session_created', appId, topics.sessions, payload)]));
  },
});

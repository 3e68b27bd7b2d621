import { z } from 'zod';
import { type Session, sessionSchema } from '../api/models.ts';
import { defineEvent } from './event.ts';

const ofSession = {
  key: (data: { sessionUser: Session }) => data.sessionUser.conversationKey,
  appId: (data: { sessionUser: Session }) => data.sessionUser.appId,
  sessionId: (data: { sessionUser: Session }) => data.sessionUser.id,
};

/** A session was created. */
export const SessionCreatedEvent = defineEvent({
  name: 'SessionCreatedEvent',
  title: 'Session started',
  summary: 'A session was created.',
  trigger: 'A customer started a conversation, or wrote after their last session ended.',
  schema: z.strictObject({ sessionUser: sessionSchema }),
  ...ofSession,
});

/** A session moved between the bot, a queue, an agent and a case. */
export const SessionPathChangedEvent = defineEvent({
  name: 'SessionPathChangedEvent',
  title: 'Session transferred',
  summary: 'A session moved between the bot, a queue, an agent and a case.',
  trigger: 'The agent type, context or case of a session changed.',
  schema: z.strictObject({
    sessionUser: sessionSchema,
    oldPath: z.string().min(1).max(200),
    newPath: z.string().min(1).max(200),
  }),
  ...ofSession,
  when: ({ oldPath, newPath }) => oldPath !== newPath,
});

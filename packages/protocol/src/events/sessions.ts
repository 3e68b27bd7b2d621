import { z } from 'zod';
import { type Session, sessionSchema } from '../api/models.ts';
import { defineEvent } from './event.ts';

const ofSession = {
  key: (data: { sessionUser: Session }) => data.sessionUser.conversationKey,
  appId: (data: { sessionUser: Session }) => data.sessionUser.appId,
  sessionId: (data: { sessionUser: Session }) => data.sessionUser.id,
};

export const SessionCreatedEvent = defineEvent({
  name: 'SessionCreatedEvent',
  summary: 'A customer session was created.',
  trigger: 'A customer began to interact, or wrote when their last session was no longer valid.',
  schema: z.strictObject({ sessionUser: sessionSchema }),
  ...ofSession,
});

export const SessionPathChangedEvent = defineEvent({
  name: 'SessionPathChangedEvent',
  summary: 'A session went another way: from bot to person or back, to another queue, agent or case.',
  trigger: "A session's agent type, context or case assignment changed.",
  schema: z.strictObject({
    sessionUser: sessionSchema,
    oldPath: z.string().min(1).max(200),
    newPath: z.string().min(1).max(200),
  }),
  ...ofSession,
  when: ({ oldPath, newPath }) => oldPath !== newPath,
});

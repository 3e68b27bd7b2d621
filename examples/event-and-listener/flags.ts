import { z } from 'zod';
import { topics } from '../wire/topics.ts';
import { defineEvent } from './event.ts';

/** A flag on a conversation. */
const flagSchema = z.strictObject({
  appId: z.int().positive(),
  sessionId: z.int().positive(),
  conversationKey: z.string().min(1).max(300),
  agentId: z.int().positive(),
  reason: z.string().min(1).max(500),
});

/** An agent flagged a conversation for a supervisor. */
export const ConversationFlaggedEvent = defineEvent({
  name: 'ConversationFlaggedEvent',
  title: 'Conversation flagged',
  summary: 'An agent flagged a conversation for a supervisor.',
  trigger: 'An agent flags a conversation at the desk.',
  schema: z.strictObject({ flag: flagSchema }),
  key: ({ flag }) => flag.conversationKey,
  appId: ({ flag }) => flag.appId,
  sessionId: ({ flag }) => flag.sessionId,
  broadcast: {
    as: 'conversation_flagged',
    topics: ['app-queues'],
    on: ({ flag }) => [topics.appQueues(flag.appId)],
    with: ({ flag }) => ({ sessionId: flag.sessionId, reason: flag.reason }),
  },
});

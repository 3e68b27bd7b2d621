import { z } from 'zod';
import { queueItemSchema } from '../api/models.ts';
import { topics } from '../wire/topics.ts';
import { defineEvent } from './event.ts';

/** A conversation is waiting for an agent. */
export const QueueItemCreatedEvent = defineEvent({
  name: 'QueueItemCreatedEvent',
  title: 'Conversation queued',
  summary: 'A conversation is waiting for an agent.',
  trigger: 'A customer needs an agent, or a transfer returned the conversation to a queue.',
  schema: z.strictObject({ queueItem: queueItemSchema }),
  key: ({ queueItem }) => queueItem.conversationKey,
  appId: ({ queueItem }) => queueItem.appId,
  sessionId: ({ queueItem }) => queueItem.sessionId,
  broadcast: {
    as: 'queue_created',
    topics: ['queues', 'app-queues'],
    on: ({ queueItem }) => [topics.queues, topics.appQueues(queueItem.appId)],
    with: ({ queueItem }) => ({ queueItem }),
  },
});

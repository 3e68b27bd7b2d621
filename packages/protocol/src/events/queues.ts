import { z } from 'zod';
import { queueItemSchema } from '../api/models.ts';
import { topics } from '../wire/topics.ts';
import { defineEvent } from './event.ts';

export const QueueItemCreatedEvent = defineEvent({
  name: 'QueueItemCreatedEvent',
  summary: 'A conversation waits for an agent.',
  trigger: 'A customer needs a person, or a transfer put the conversation back into a queue.',
  schema: z.strictObject({ queueItem: queueItemSchema }),
  key: ({ queueItem }) => queueItem.conversationKey,
  appId: ({ queueItem }) => queueItem.appId,
  sessionId: ({ queueItem }) => queueItem.sessionId,
  broadcast: {
    as: 'queue_created',
    on: ({ queueItem }) => [topics.queues, topics.appQueues(queueItem.appId)],
    with: ({ queueItem }) => ({ queueItem }),
  },
});

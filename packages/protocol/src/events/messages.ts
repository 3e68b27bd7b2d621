import { z } from 'zod';
import {
  choiceSchema,
  type Message,
  messageChangeSchema,
  messageContainerSchema,
  messageSchema,
} from '../api/models.ts';
import { type Topic, topics } from '../wire/topics.ts';
import { defineEvent } from './event.ts';

const ofMessage = {
  key: (data: { message: Message }) => data.message.conversationKey,
  appId: (data: { message: Message }) => data.message.appId,
  sessionId: (data: { message: Message }) => data.message.sessionId,
};

const broadcastMessage = {
  topics: ['messages', 'session', 'agent-type'],
  on: ({ message }: { message: Message }): readonly Topic[] => [
    topics.messages,
    topics.session(message.sessionId),
    topics.agentType(message.agentType),
  ],
  with: ({ message }: { message: Message }) => ({ message }),
  publicly: ({ message }: { message: Message }) => ({ message: redactMessage(message) }),
} as const;

/** The parts of a message that the public `messages` topic may show: neither its content nor its customer. */
export function redactMessage(message: Message) {
  const { id, appId, sessionId, kind, isReply, createdAt } = message;
  return { id, appId, sessionId, kind, isReply, createdAt };
}

/** A customer message is stored and ready for processing. */
export const MessageReadyEvent = defineEvent({
  name: 'MessageReadyEvent',
  title: 'Customer message',
  summary: 'A customer message is stored and ready for processing.',
  trigger: 'A customer message was stored, from any channel, and it is not a reply.',
  schema: z.strictObject({ message: messageSchema }),
  ...ofMessage,
  when: ({ message }) => !message.isReply,
  broadcast: { as: 'message_post', ...broadcastMessage },
});

/** A reply from an agent or the bot is stored and ready for delivery to the customer. */
export const MessageReplyReadyEvent = defineEvent({
  name: 'MessageReplyReadyEvent',
  title: 'Reply to a customer',
  summary: 'A reply from an agent or the bot is stored and ready for delivery to the customer.',
  trigger: 'A reply was stored with `isReply` set.',
  schema: z.strictObject({ message: messageSchema }),
  ...ofMessage,
  when: ({ message }) => message.isReply,
  broadcast: { as: 'message_reply', ...broadcastMessage },
});

/** A customer pressed a button in a message. */
export const MessagePostbackEvent = defineEvent({
  name: 'MessagePostbackEvent',
  title: 'Button pressed',
  summary: 'A customer pressed a button in a message.',
  trigger: 'A postback was received and validated.',
  schema: z.strictObject({ message: messageSchema, postback: choiceSchema }),
  ...ofMessage,
});

/** A customer chose a quick reply. */
export const MessageQuickReplyEvent = defineEvent({
  name: 'MessageQuickReplyEvent',
  title: 'Quick reply chosen',
  summary: 'A customer chose a quick reply.',
  trigger: 'A quick reply was received and validated.',
  schema: z.strictObject({ message: messageSchema, quickReply: choiceSchema }),
  ...ofMessage,
});

/** A message arrived from an external source and is not stored yet. */
export const NewMessageReceivedEvent = defineEvent({
  name: 'NewMessageReceivedEvent',
  title: 'Message received from a provider',
  summary: 'A message arrived from an external source and is not stored yet.',
  trigger: 'A webhook event contained a message, which was validated and parsed.',
  schema: z.strictObject({ messageContainer: messageContainerSchema }),
  key: ({ messageContainer }) => messageContainer.conversationKey,
  appId: ({ messageContainer }) => messageContainer.appId,
  sessionId: () => null,
});

/** A customer edited or deleted a message through a provider; the message is not changed yet. */
export const MessageChangeReceivedEvent = defineEvent({
  name: 'MessageChangeReceivedEvent',
  title: 'Message edited or deleted by the customer',
  summary: 'A customer edited or deleted a message, which is not changed yet.',
  trigger: 'A webhook event contained an edit or a deletion of a message.',
  schema: z.strictObject({ messageChange: messageChangeSchema }),
  key: ({ messageChange }) => messageChange.conversationKey,
  appId: ({ messageChange }) => messageChange.appId,
  sessionId: () => null,
});

/** A reply could not be delivered to the customer. */
export const MessageDeliveryFailedEvent = defineEvent({
  name: 'MessageDeliveryFailedEvent',
  title: 'Delivery failed',
  summary: 'A reply could not be delivered to the customer.',
  trigger: 'A delivery failed permanently, or all its attempts failed.',
  schema: z.strictObject({
    message: messageSchema,
    error: z.string().min(1).max(2000),
    context: z.record(z.string(), z.unknown()),
  }),
  ...ofMessage,
});

import { z } from 'zod';
import { choiceSchema, type Message, messageContainerSchema, messageSchema } from '../api/models.ts';
import { type Topic, topics } from '../wire/topics.ts';
import { defineEvent } from './event.ts';

const ofMessage = {
  key: (data: { message: Message }) => data.message.conversationKey,
  appId: (data: { message: Message }) => data.message.appId,
  sessionId: (data: { message: Message }) => data.message.sessionId,
};

const toItsListeners = {
  on: ({ message }: { message: Message }): readonly Topic[] => [
    topics.messages,
    topics.session(message.sessionId),
    topics.agentType(message.agentType),
  ],
  with: ({ message }: { message: Message }) => ({ message }),
  publicly: ({ message }: { message: Message }) => ({ message: redactMessage(message) }),
};

/** What the public `messages` topic may show of a message: that there is one, not what it says nor whose it is. */
export function redactMessage(message: Message) {
  const { id, appId, sessionId, kind, isReply, createdAt } = message;
  return { id, appId, sessionId, kind, isReply, createdAt };
}

export const MessageReadyEvent = defineEvent({
  name: 'MessageReadyEvent',
  summary: 'A new customer message is stored and ready for processing.',
  trigger: 'A customer message was stored, from any channel, and it is not a reply.',
  schema: z.strictObject({ message: messageSchema }),
  ...ofMessage,
  when: ({ message }) => !message.isReply,
  broadcast: { as: 'message_post', ...toItsListeners },
});

export const MessageReplyReadyEvent = defineEvent({
  name: 'MessageReplyReadyEvent',
  summary: 'A reply by an agent or the bot is stored and ready for delivery to the customer.',
  trigger: 'A reply was stored with `isReply` set.',
  schema: z.strictObject({ message: messageSchema }),
  ...ofMessage,
  when: ({ message }) => message.isReply,
  broadcast: { as: 'message_reply', ...toItsListeners },
});

export const MessagePostbackEvent = defineEvent({
  name: 'MessagePostbackEvent',
  summary: 'A customer pressed a button of a message.',
  trigger: 'A postback was received and validated.',
  schema: z.strictObject({ message: messageSchema, postback: choiceSchema }),
  ...ofMessage,
});

export const MessageQuickReplyEvent = defineEvent({
  name: 'MessageQuickReplyEvent',
  summary: 'A customer chose a quick reply.',
  trigger: 'A quick reply was received and validated.',
  schema: z.strictObject({ message: messageSchema, quickReply: choiceSchema }),
  ...ofMessage,
});

export const NewMessageReceivedEvent = defineEvent({
  name: 'NewMessageReceivedEvent',
  summary: 'A message came in from an external source and is yet to be stored.',
  trigger: 'A webhook brought a message, which was validated and parsed.',
  schema: z.strictObject({ messageContainer: messageContainerSchema }),
  key: ({ messageContainer }) => messageContainer.conversationKey,
  appId: ({ messageContainer }) => messageContainer.appId,
  sessionId: () => null,
});

export const MessageDeliveryFailedEvent = defineEvent({
  name: 'MessageDeliveryFailedEvent',
  summary: 'A reply could not be delivered to the customer.',
  trigger: 'A delivery failed for good, or its attempts are exhausted.',
  schema: z.strictObject({
    message: messageSchema,
    error: z.string().min(1).max(2000),
    context: z.record(z.string(), z.unknown()),
  }),
  ...ofMessage,
});

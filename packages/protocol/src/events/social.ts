import { z } from 'zod';
import { messageSchema, webhookEventLogSchema } from '../api/models.ts';
import { defineEvent } from './event.ts';

/** Facebook sent a webhook event. */
export const NewFacebookEventReceived = defineEvent({
  name: 'NewFacebookEventReceived',
  title: 'Facebook webhook event',
  summary: 'Facebook sent a webhook event.',
  trigger: 'A webhook event from Facebook was verified and stored.',
  schema: z.strictObject({ webhookEventLog: webhookEventLogSchema }),
  key: ({ webhookEventLog }) => webhookEventLog.conversationKey,
  appId: ({ webhookEventLog }) => webhookEventLog.appId,
  sessionId: () => null,
});

/** A provider other than Facebook sent a webhook event. */
export const NewProviderEventReceived = defineEvent({
  name: 'NewProviderEventReceived',
  title: 'Provider webhook event',
  summary: 'A provider other than Facebook sent a webhook event.',
  trigger: 'A webhook event was verified and stored.',
  schema: z.strictObject({ webhookEventLog: webhookEventLogSchema }),
  key: ({ webhookEventLog }) => webhookEventLog.conversationKey,
  appId: ({ webhookEventLog }) => webhookEventLog.appId,
  sessionId: () => null,
});

/** The events that carry what a provider sent, as received. */
export const providerEvents = [NewFacebookEventReceived.name, NewProviderEventReceived.name] as const;

/** An agent replied to a post or a comment. */
export const SaveAgentRepliesSocialEvent = defineEvent({
  name: 'SaveAgentRepliesSocialEvent',
  title: 'Reply to a comment',
  summary: 'An agent replied to a post or a comment.',
  trigger: 'An agent replied in a conversation that started with social content.',
  schema: z.strictObject({
    message: messageSchema,
    socialData: z.strictObject({
      platform: z.string().min(1).max(32),
      postId: z.string().max(200).optional(),
      commentId: z.string().max(200).optional(),
      postUrl: z.url().max(2048).optional(),
      visibility: z.enum(['public', 'private']),
    }),
  }),
  key: ({ message }) => message.conversationKey,
  appId: ({ message }) => message.appId,
  sessionId: ({ message }) => message.sessionId,
});

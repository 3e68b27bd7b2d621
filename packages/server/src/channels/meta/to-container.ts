import { conversationKey, type MessageContainer } from '@mevrik/protocol';
import { z } from 'zod';
import type { ParsedWebhookEvent, WebhookEventSource } from '../channel.ts';

/** A number of Meta's, which comes as a text and sometimes as a number. */
export const graphId = z.union([z.string().min(1).max(150), z.number()]).transform(String);

/** What somebody wrote, and where. */
export type ReceivedContent = Pick<MessageContainer, 'kind' | 'content'> &
  Partial<Pick<MessageContainer, 'profile' | 'social'>>;

/** A customer's message, in our terms. `sentAtMs` is Meta's own time. */
export function toContainer(
  { appId, channel }: WebhookEventSource,
  message: { readonly contactId: string; readonly externalId: string; readonly sentAtMs: number },
  said: ReceivedContent,
): ParsedWebhookEvent {
  const { contactId, externalId, sentAtMs } = message;
  return {
    outcome: 'message',
    container: {
      appId,
      channel,
      contactId,
      conversationKey: conversationKey(appId, channel, contactId),
      externalId,
      profile: {},
      sentAt: toInstant(sentAtMs),
      ...said,
    },
  };
}

/** An instant of Meta's; one that is none is now. */
export function toInstant(ms: number): string {
  const date = new Date(ms);
  return (Number.isNaN(date.getTime()) || ms < 0 || ms > 8.64e13 ? new Date() : date).toISOString();
}

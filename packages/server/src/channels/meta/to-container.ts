import { conversationKey, type MessageContainer } from '@mevrik/protocol';
import { z } from 'zod';
import type { ParsedWebhookEvent, WebhookEventSource } from '../channel.ts';

/** An id of Meta's, sent as a string or as a number. */
export const graphId = z.union([z.string().min(1).max(150), z.number()]).transform(String);

/** The content of a received message. */
export type ReceivedContent = Pick<MessageContainer, 'kind' | 'content'> &
  Partial<Pick<MessageContainer, 'profile' | 'social'>>;

/** Converts a customer's message. `sentAtMs` is Meta's timestamp. */
export function toContainer(
  { appId, channel }: WebhookEventSource,
  message: { readonly contactId: string; readonly externalId: string; readonly sentAtMs: number },
  received: ReceivedContent,
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
      ...received,
    },
  };
}

/** A timestamp of Meta's as an ISO instant; the current time if it is invalid. */
export function toInstant(ms: number): string {
  const date = new Date(ms);
  return (Number.isNaN(date.getTime()) || ms < 0 || ms > 8.64e13 ? new Date() : date).toISOString();
}

import type { InfiniteData } from '@tanstack/react-query';
import type { ConversationRow, Message, Page } from '../shared/sdk.ts';

/** Query keys of the desk. */
export const keys = {
  apps: ['apps'] as const,
  conversations: ['conversations'] as const,
  list: (filter: Readonly<Record<string, unknown>>) => ['conversations', filter] as const,
  row: (sessionId: number) => ['conversation', sessionId] as const,
  allMessages: ['thread'] as const,
  messages: (sessionId: number) => ['thread', sessionId] as const,
  customer: (customerId: number) => ['customer', customerId] as const,
  canned: (appId: number) => ['canned replies', appId] as const,
};

/** A conversation's messages, page by page, newest first. */
export type MessagePages = InfiniteData<Page<Message>>;

/** A list of conversations, page by page. */
export type ConversationPages = InfiniteData<Page<ConversationRow>>;

import { QueryClient } from '@tanstack/react-query';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Message } from '../../shared/sdk.ts';
import { keys, type MessagePages } from '../keys.ts';
import { cacheDeliveryStatus, cacheMessage } from './message-cache.ts';

const sessionId = 3;
const reply = (deliveryStatus: Message['deliveryStatus']) =>
  ({
    id: 8,
    sessionId,
    conversationKey: '1/page:rita',
    kind: 'text',
    isReply: true,
    content: { text: 'again' },
    deliveryStatus,
  }) as Message;

let queries: QueryClient;
beforeEach(() => {
  queries = new QueryClient();
  queries.setQueryData<MessagePages>(keys.messages(sessionId), {
    pages: [{ items: [reply('pending')], next: null }],
    pageParams: [undefined],
  });
});

const cached = () =>
  queries.getQueryData<MessagePages>(keys.messages(sessionId))?.pages[0]?.items[0]?.deliveryStatus;
const notify = (status: 'queued' | Message['deliveryStatus']) =>
  cacheDeliveryStatus(queries, { sessionId, messageId: 8, status });

describe('the delivery status of a cached reply', () => {
  it('stays failed when the response that stored the reply arrives late', () => {
    notify('failed');
    cacheMessage(queries, reply('pending'));
    expect(cached()).toBe('failed');
  });

  it('is pending again when the reply is retried, and sent when the provider accepts it', () => {
    notify('failed');
    notify('queued');
    cacheMessage(queries, reply('pending'));
    expect(cached()).toBe('pending');
    notify('sent');
    expect(cached()).toBe('sent');
  });

  it('never moves from read back to sent', () => {
    notify('read');
    notify('sent');
    cacheMessage(queries, reply('sent'));
    expect(cached()).toBe('read');
  });
});

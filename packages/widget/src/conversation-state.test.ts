import type { Message } from '@mevrik/protocol';
import { describe, expect, it } from 'vitest';
import { type OutboxMessage, pendingMessages } from './conversation-state.ts';

const message = (id: number, text: string, isReply = false) =>
  ({ id, isReply, content: { text } }) as Message;
const unsent = (text: string, after: number | undefined, failed = false): OutboxMessage => ({
  key: `${text} after ${after}`,
  text,
  at: '2026-01-01T00:00:00.000Z',
  after,
  failed,
});

describe('the unsent messages that are shown', () => {
  it.each([
    ['those that the server has not stored', [message(1, 'hi')], [unsent('hello', 1)], ['hello']],
    ['none that the server has stored', [message(1, 'hi'), message(2, 'hello')], [unsent('hello', 1)], []],
    ['the second of two equal messages', [message(2, 'hi')], [unsent('hi', 1), unsent('hi', 1)], ['hi']],
    ['one with the text of an earlier message', [message(1, 'hi')], [unsent('hi', 1)], ['hi']],
    ['one with the text of a reply', [message(2, 'hi', true)], [unsent('hi', 1)], ['hi']],
    ['one that failed', [message(2, 'hi')], [unsent('hi', 1, true)], ['hi']],
    ['one of an earlier version of the widget', [message(2, 'hi')], [unsent('hi', undefined)], ['hi']],
  ])('are %s', (_what, messages, all, shown) => {
    expect(pendingMessages({ messages, unsent: all }).map(({ text }) => text)).toEqual(shown);
  });
});

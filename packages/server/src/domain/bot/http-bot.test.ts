import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { httpBotRequestSchema, httpBotResponseSchema } from './http-bot.ts';

const at = '2026-01-01T12:00:00.000Z';
const owned = { appId: 1, conversationKey: '1/web:vera', createdAt: at };
const request = {
  type: 'message',
  app: { id: 1, name: 'Shop' },
  session: {
    ...owned,
    id: 5,
    customerId: 7,
    channel: 'web',
    status: 'active',
    agentType: 'bot',
    path: 'bot',
    assignedAgentId: null,
    openCaseId: null,
    expiresAt: at,
  },
  customer: {
    ...owned,
    id: 7,
    externalId: null,
    name: 'Vera',
    email: null,
    phone: null,
    locale: null,
    verified: false,
    attributes: {},
  },
  message: {
    ...owned,
    id: 11,
    sessionId: 5,
    customerId: 7,
    caseId: null,
    channel: 'web',
    kind: 'text',
    isReply: false,
    agentType: 'bot',
    sender: { type: 'customer', id: 7 },
    content: { text: 'Where is my order?' },
    deliveryStatus: 'received',
  },
};
const isAnswer = (answer: unknown) => httpBotResponseSchema.safeParse(answer).success;

describe('the request to an app’s own bot', () => {
  it('has the message, its session and its customer', () => {
    expect(httpBotRequestSchema.parse(request)).toEqual(request);
  });

  it.each(['type', 'app', 'session', 'customer', 'message'])('requires its %s', (part) => {
    expect(httpBotRequestSchema.safeParse({ ...request, [part]: undefined }).success).toBe(false);
  });

  it('rejects unknown fields, so that no secret gets in', () => {
    const app = { ...request.app, secret: 'hush' };
    expect(httpBotRequestSchema.safeParse({ ...request, app }).success).toBe(false);
  });
});

describe('the response of an app’s own bot', () => {
  it('can be empty: nothing is sent, and the bot stays active', () => {
    expect(httpBotResponseSchema.parse({})).toEqual({ replies: [], handover: false, attributes: {} });
  });

  it('can have replies, a handover and attributes', () => {
    const answer = {
      replies: [{ text: 'One moment' }, { buttons: [{ title: 'Track', url: 'https://example.com' }] }],
      handover: { reason: 'Angry', queue: 'billing', priority: 'urgent', skills: ['french'] },
      attributes: { orders: 3, vip: true, city: 'Oslo' },
    };
    expect(httpBotResponseSchema.parse(answer)).toEqual(answer);
    expect(httpBotResponseSchema.parse({ handover: true }).handover).toBe(true);
  });

  it('can have unknown fields: bots can be newer than this server', () => {
    expect(isAnswer({ replies: [], confidence: 0.9 })).toBe(true);
  });

  it.each([
    ['eleven replies', { replies: Array(11).fill({ text: 'x' }) }],
    ['a reply that is too long', { replies: [{ text: 'x'.repeat(10_001) }] }],
    ['a reply of another shape', { replies: ['hello'] }],
    ['a priority that there is not', { handover: { priority: 'now' } }],
    ['an attribute that is a list', { attributes: { orders: [1, 2] } }],
    ['a text that cannot be stored', { replies: [{ text: 'a\u0000b' }] }],
    ['half a character', { replies: [{ text: '\uD83D' }] }],
    ['an attribute that cannot be stored', { attributes: { city: 'Os\u0000lo' } }],
    ['an attribute’s name that cannot be stored', { attributes: { '\uDE00': 1 } }],
    ['a reason that cannot be stored', { handover: { reason: '\u0000' } }],
    ['no object', 'hello'],
    ['nothing', null],
  ])('is not %s', (_name, answer) => expect(isAnswer(answer)).toBe(false));

  it('is parsed or rejected for any input', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.record({ replies: fc.jsonValue() })), (answer) => {
        const read = httpBotResponseSchema.safeParse(answer);
        if (read.success) expect(read.data.replies.length).toBeLessThanOrEqual(10);
      }),
    );
  });
});

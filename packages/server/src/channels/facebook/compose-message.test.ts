import type { MessageContent } from '@mevrik/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OutboundMessage } from '../channel.ts';
import { splitText } from '../split-text.ts';
import { composeMessage } from './compose-message.ts';

const settings = {
  pageId: '900',
  appSecret: 'meta-app-secret-0123',
  verifyToken: 'verify-me-please',
  pageToken: 'page-token',
};
const hour = 3_600_000;
const unanswered = { contactIdentityId: 1, thread: { externalIds: [], subject: null } };

function compose(content: MessageContent, message: Partial<OutboundMessage> = {}, more: object = {}) {
  return composeMessage(
    { content, sender: 'agent', contactId: 'psid', comment: null, silentMs: 0, ...unanswered, ...message },
    { ...settings, ...more },
  ).map(({ body }) => body);
}
const choices = (count: number) =>
  Array.from({ length: count }, (_, at) => ({
    title: `Choice number ${at + 1} of them`,
    payload: `p${at + 1}`,
  }));

describe('a message for Messenger', () => {
  it('is one request to the page', () => {
    expect(compose({ text: 'Hello' })).toEqual([
      {
        path: '900/messages',
        recipient: { id: 'psid' },
        messaging_type: 'RESPONSE',
        message: { text: 'Hello' },
      },
    ]);
  });

  it('with buttons becomes templates of three buttons, with titles of at most twenty characters', () => {
    const [first, second] = compose({
      text: 'Choose',
      buttons: [...choices(3), { title: 'Read', url: 'https://shop.example' }],
    });
    expect(first?.message).toMatchObject({
      attachment: { type: 'template', payload: { template_type: 'button', text: 'Choose' } },
    });
    expect(JSON.stringify(first?.message)).toContain('"title":"Choice number 1 of…"');
    expect(second?.message).toMatchObject({
      attachment: { payload: { buttons: [{ type: 'web_url', url: 'https://shop.example', title: 'Read' }] } },
    });
  });

  it('with a long text has its buttons under the last piece', () => {
    const words = 'word '.repeat(200).trim();
    const bodies = compose({ text: words, buttons: choices(1) });
    expect(bodies.length).toBe(2);
    expect(bodies[0]?.message).toEqual({ text: expect.any(String) });
    expect(bodies[1]?.message).toHaveProperty('attachment.payload.buttons');
  });

  it('has at most thirteen quick replies, under the last piece', () => {
    const bodies = compose({
      text: 'Choose',
      attachments: [{ type: 'image', url: 'https://a.example/b.png' }],
      quickReplies: choices(13),
    });
    expect(bodies[0]?.message).not.toHaveProperty('quick_replies');
    expect(bodies[1]?.message).toHaveProperty('quick_replies.length', 13);
  });

  it.each([[{}], [{ text: '   ' }], [{ csat: { score: 5 } }]])(
    'is rejected without content: %o',
    (content) => {
      expect(() => compose(content)).toThrow('no content that Messenger can display');
    },
  );

  it('is rejected without a page access token', () => {
    expect(() => compose({ text: 'x' }, {}, { pageToken: undefined })).toThrow('no page access token');
  });
});

describe('the reply window', () => {
  const people = { humanAgentTag: true };

  it.each<[string, number | null, OutboundMessage['sender'], object, object | string]>([
    ['just now', 0, 'bot', {}, { messaging_type: 'RESPONSE' }],
    ['nearly a day', 23.9 * hour, 'bot', {}, { messaging_type: 'RESPONSE' }],
    ['a day', 24 * hour, 'bot', {}, '24 hours'],
    ['a day, an agent without the tag', 24 * hour, 'agent', {}, '24 hours'],
    ['a day, the bot with the tag', 24 * hour, 'bot', people, '24 hours'],
    [
      'a day, an agent with the tag',
      24 * hour,
      'agent',
      people,
      { messaging_type: 'MESSAGE_TAG', tag: 'HUMAN_AGENT' },
    ],
    ['seven days', 7 * 24 * hour, 'agent', people, 'seven days'],
    ['never', null, 'agent', people, 'seven days'],
  ])('%s ago', (_when, silentMs, sender, more, expected) => {
    const composed = () => compose({ text: 'x' }, { silentMs, sender }, more)[0];
    if (typeof expected === 'string') expect(composed).toThrow(expected);
    else expect(composed()).toMatchObject(expected);
  });
});

describe('a reply to a comment', () => {
  const comment = { id: '900_2', visibility: 'public' } as const;

  it('is, in public, a comment of the page that is not repeatable', () => {
    const message = {
      content: { text: 'Thanks!' },
      sender: 'agent',
      contactId: 'comments:7',
      silentMs: null,
      ...unanswered,
    } as const;
    expect(composeMessage({ ...message, comment }, settings)).toEqual([
      { body: { path: '900_2/comments', message: 'Thanks!' }, isRepeatable: false },
    ]);
  });

  it('is, in private, a single message to its author within seven days', () => {
    const days = 24 * 3_600_000;
    const privately = { comment: { ...comment, visibility: 'private' as const }, silentMs: 6 * days };
    expect(compose({ text: 'Hi' }, privately)).toEqual([
      {
        path: '900/messages',
        recipient: { comment_id: '900_2' },
        messaging_type: 'RESPONSE',
        message: { text: 'Hi' },
      },
    ]);
    expect(() => compose({ text: 'x'.repeat(2001) }, privately)).toThrow('single message');
    for (const silentMs of [7 * days, null])
      expect(() => compose({ text: 'Hi' }, { ...privately, silentMs })).toThrow('seven days old');
  });

  it('is rejected without content', () => {
    expect(() => compose({ text: ' ' }, { comment })).toThrow('text or an image');
  });
});

describe('splitting a text', () => {
  it('loses only whitespace and splits no character', () => {
    const texts = fc.array(fc.constantFrom('word', '😀', ' ', '\n', 'é', 'longerword'), { maxLength: 300 });
    fc.assert(
      fc.property(texts, fc.integer({ min: 2, max: 60 }), (parts, limit) => {
        const text = parts.join('');
        const pieces = splitText(text, limit);
        for (const piece of pieces) {
          expect(piece.length).toBeLessThanOrEqual(limit);
          expect(piece).not.toBe('');
          expect(() => encodeURIComponent(piece)).not.toThrow();
        }
        expect(pieces.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
      }),
    );
  });

  it('splits at the end of a line or word', () => {
    expect(splitText('one two three', 8)).toEqual(['one two', 'three']);
    expect(splitText('first line\nsecond line', 16)).toEqual(['first line', 'second line']);
    expect(splitText('unbreakable', 4)).toEqual(['unbr', 'eaka', 'ble']);
  });
});

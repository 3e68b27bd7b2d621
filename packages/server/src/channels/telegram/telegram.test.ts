import { messageContainerSchema } from '@mevrik/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OutboundMessage } from '../channel.ts';
import { composeTelegram } from './compose-telegram.ts';
import { fileIdIn, parseTelegram, splitTelegram } from './parse-telegram.ts';
import { classifyTelegramError, TelegramError } from './telegram-client.ts';

const source = { appId: 1, channel: 'bot', deduplicationKey: 'bot 900 update 7' };
const settings = { token: `900:${'t'.repeat(30)}`, secretToken: 'the-secret-of-the-tests' };
const from = { id: 42, first_name: 'Ada', last_name: 'Lovelace', language_code: 'en' };
const chat = { id: 42, type: 'private' };
const written = (fields: object) => ({
  update_id: 7,
  message: { message_id: 5, from, chat, date: 1_700_000_000, ...fields },
});

function meaning(event: object) {
  const [kept] = splitTelegram(event, settings);
  return kept && { ...kept, parsed: parseTelegram(kept.payload, source) };
}

describe('a webhook event', () => {
  it.each<[string, object, object]>([
    [
      'a text',
      { text: 'hello' },
      { kind: 'text', content: { text: 'hello' }, externalId: 'bot 900 message 5' },
    ],
    [
      'a photo in its largest size with its caption',
      { photo: [{ file_id: 'small' }, { file_id: 'large' }], caption: 'look' },
      {
        kind: 'attachment',
        content: {
          text: 'look',
          attachments: [{ type: 'image', url: 'https://api.telegram.org/file/large' }],
        },
      },
    ],
    [
      'a document',
      { document: { file_id: 'd/1', file_name: 'offer.pdf' } },
      {
        content: {
          attachments: [{ type: 'file', name: 'offer.pdf', url: 'https://api.telegram.org/file/d%2F1' }],
        },
      },
    ],
    [
      'a voice',
      { voice: { file_id: 'v' } },
      { content: { attachments: [{ type: 'audio', url: expect.any(String) }] } },
    ],
    [
      'a video',
      { video: { file_id: 'v' } },
      { content: { attachments: [{ type: 'video', url: expect.any(String) }] } },
    ],
    [
      'an animation, which is also sent as a document',
      { animation: { file_id: 'a' }, document: { file_id: 'a' } },
      { content: { attachments: [{ type: 'video', url: expect.any(String) }] } },
    ],
    [
      'a location',
      { location: { latitude: 23.8, longitude: 90.4 } },
      { content: { text: expect.stringContaining('mlat=23.8') } },
    ],
    ['a contact', { contact: { phone_number: '+880', first_name: 'Bo' } }, { content: { text: 'Bo +880' } }],
  ])('with %s is a message', (_what, fields, expected) => {
    const event = meaning(written(fields));
    expect(event).toMatchObject({ contactId: '42', deduplicationKey: 'bot 900 update 7', accountId: null });
    expect(event?.parsed).toMatchObject({
      outcome: 'message',
      container: {
        profile: { name: 'Ada Lovelace', locale: 'en' },
        sentAt: '2023-11-14T22:13:20.000Z',
        ...expected,
      },
    });
    if (event?.parsed.outcome === 'message') messageContainerSchema.parse(event.parsed.container);
  });

  it('of a pressed button is a postback with its title', () => {
    const message = {
      message_id: 4,
      chat,
      reply_markup: { inline_keyboard: [[{ text: 'Yes!', callback_data: 'yes' }]] },
    };
    expect(
      meaning({ update_id: 7, callback_query: { id: '9', from, data: 'yes', message } })?.parsed,
    ).toMatchObject({
      outcome: 'message',
      container: {
        kind: 'postback',
        contactId: '42',
        content: { text: 'Yes!', postback: { title: 'Yes!', payload: 'yes' } },
      },
    });
  });

  it('of an edited message is a change', () => {
    const edited = { update_id: 7, edited_message: { message_id: 5, from, chat, text: 'hullo' } };
    expect(meaning(edited)?.parsed).toEqual({
      outcome: 'changed',
      externalId: 'bot 900 message 5',
      text: 'hullo',
    });
  });

  it.each([
    ['a new caption is a change to that', { photo: [{ file_id: 'f' }], caption: 'Look' }, 'Look'],
    ['no caption any more is a change to no text', { photo: [{ file_id: 'f' }] }, ''],
  ])('of an edited message with %s', (_what, fields, text) => {
    const edited = { update_id: 7, edited_message: { message_id: 5, from, chat, ...fields } };
    expect(meaning(edited)?.parsed).toEqual({
      outcome: 'changed',
      externalId: 'bot 900 message 5',
      text,
    });
  });

  it('stored without a bot id keeps its message id however often it is handled', () => {
    expect(parseTelegram(written({ text: 'hello' }), source)).toMatchObject({
      container: { externalId: '5' },
    });
  });

  it.each([
    ['a message in a group', written({ chat: { id: -1, type: 'group' }, text: 'x' })],
    ['a message without anything', written({})],
    [
      'a live location that moved',
      {
        update_id: 7,
        edited_message: { message_id: 5, from, chat, location: { latitude: 1, longitude: 2 } },
      },
    ],
    ['an edit without anything', { update_id: 7, edited_message: { message_id: 5, from, chat } }],
    ['a kind that is new', { update_id: 7, hologram: {} }],
    ['a message of another shape', { update_id: 7, message: 'x' }],
  ])('with %s is stored and ignored', (_what, event) => {
    expect(meaning(event)?.parsed.outcome).toBe('ignored');
  });

  it('of any shape never throws, and is stored if it has an id', () => {
    const text = fc.string({ unit: 'binary' });
    const piece = fc.oneof(
      fc.jsonValue({ stringUnit: 'binary' }),
      fc.record({ file_id: fc.oneof(text, fc.constant('\ud800')) }),
    );
    const field = fc.constantFrom('message', 'edited_message', 'callback_query');
    const near = fc
      .tuple(
        field,
        fc.record(
          {
            chat: fc.oneof({ weight: 3, arbitrary: fc.constant(chat) }, piece),
            text: piece,
            photo: piece,
            document: piece,
            from: piece,
            data: piece,
            id: piece,
            message_id: piece,
            date: fc.oneof(fc.double(), fc.constant(1e300), piece),
          },
          { requiredKeys: [] },
        ),
      )
      .map(([name, value]) => ({ update_id: 7, [name]: value }));
    fc.assert(
      fc.property(fc.oneof(piece, near), (body) => {
        for (const { payload } of splitTelegram(body, settings)) {
          const parsed = parseTelegram(payload, source);
          if (parsed.outcome === 'message') messageContainerSchema.parse(parsed.container);
        }
      }),
      { numRuns: 2_000 },
    );
    expect(splitTelegram({ update_id: 1, message: 'nonsense' }, settings)).toHaveLength(1);
  });
});

const message = (content: OutboundMessage['content']): OutboundMessage => ({
  content,
  sender: 'agent',
  contactId: '42',
  comment: null,
  silentMs: null,
  contactIdentityId: 1,
  thread: { externalIds: [], subject: null },
});
const callsOf = (content: OutboundMessage['content']) =>
  composeTelegram(message(content)).map(({ body }) => body);

describe('a message', () => {
  it('becomes calls in order: attachments, pieces of the text, choices under the last one', () => {
    const calls = callsOf({
      text: `${'a'.repeat(4090)} ${'b'.repeat(100)}`,
      attachments: [{ type: 'image', url: 'https://x.example/a.png' }],
      quickReplies: [{ title: 'Yes', payload: 'yes' }],
    });
    expect(calls.map(({ method }) => method)).toEqual(['sendPhoto', 'sendMessage', 'sendMessage']);
    expect(calls[0]).toMatchObject({ chat_id: '42', photo: 'https://x.example/a.png' });
    expect(calls[1]).not.toHaveProperty('reply_markup');
    expect(calls[2]).toMatchObject({ reply_markup: { keyboard: [[{ text: 'Yes' }]] } });
  });

  it('has postback buttons and URL buttons', () => {
    expect(
      callsOf({
        text: 'Well?',
        buttons: [
          { title: 'Yes', payload: 'yes' },
          { title: 'Site', url: 'https://x.example/' },
        ],
      }),
    ).toEqual([
      {
        method: 'sendMessage',
        chat_id: '42',
        text: 'Well?',
        reply_markup: {
          inline_keyboard: [
            [{ text: 'Yes', callback_data: 'yes' }],
            [{ text: 'Site', url: 'https://x.example/' }],
          ],
        },
      },
    ]);
  });

  it('that Telegram cannot display is rejected with a reason', () => {
    expect(() => callsOf({})).toThrow('no content that Telegram can display');
    expect(() => callsOf({ text: 'x', buttons: [{ title: 'Long', payload: 'p'.repeat(65) }] })).toThrow(
      '64 bytes',
    );
  });
});

describe('an error of Telegram', () => {
  it.each<[number, object, object]>([
    [400, { description: 'Bad Request: chat not found' }, { kind: 'permanent' }],
    [401, {}, { kind: 'channel-down' }],
    [
      403,
      { description: 'Forbidden: bot was blocked by the user' },
      { kind: 'permanent', error: expect.stringContaining('blocked') },
    ],
    [404, {}, { kind: 'channel-down' }],
    [429, { parameters: { retry_after: 7 } }, { kind: 'temporary', pauseMs: 7_000, isUncertain: false }],
    [429, {}, { kind: 'temporary', pauseMs: 5_000 }],
    [502, {}, { kind: 'temporary', isUncertain: true, suspectsChannel: true }],
  ])('%d %j is classified', (status, answer, expected) => {
    expect(classifyTelegramError(new TelegramError(status, { ...answer }))).toMatchObject(expected);
  });

  it('of the network is uncertain', () => {
    expect(classifyTelegramError(new TypeError('fetch failed'))).toMatchObject({
      kind: 'temporary',
      isUncertain: true,
    });
  });
});

describe('a file', () => {
  it('is identified by its id', () => {
    expect(fileIdIn('https://api.telegram.org/file/d%2F1')).toBe('d/1');
    expect(fileIdIn('https://elsewhere.example/x')).toBeUndefined();
  });
});

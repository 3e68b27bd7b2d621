import { messageContainerSchema } from '@mevrik/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OutboundMessage } from '../channel.ts';
import { classifyGraphError } from '../meta/classify-graph-error.ts';
import { GraphError } from '../meta/graph-client.ts';
import { composeWhatsapp } from './compose-whatsapp.ts';
import { mediaIdIn, parseWhatsapp } from './parse-whatsapp.ts';
import { splitWhatsapp } from './split-whatsapp.ts';

const source = { appId: 1, channel: 'wa', deduplicationKey: 'x' };
const contacts = [{ profile: { name: 'Ada' }, wa_id: '8801700000001' }];
const base = { from: '8801700000001', id: 'wamid.1', timestamp: '1700000000' };
const change = (value: object, field = 'messages') => ({
  field,
  value: {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '+880', phone_number_id: '700' },
    ...value,
  },
});
const bodyOf = (...changes: object[]) => ({
  object: 'whatsapp_business_account',
  entry: [{ id: 'WABA', changes }],
});
const media = (id: string) => `https://graph.facebook.com/media/${id}`;

function meaning(value: object) {
  const [kept] = splitWhatsapp(bodyOf(change(value)));
  if (!kept) throw new Error('It was not kept.');
  return { ...kept, parsed: parseWhatsapp(kept.payload, source) };
}
const written = (message: object) => meaning({ contacts, messages: [{ ...base, ...message }] });

describe('a message', () => {
  it.each<[string, object, object]>([
    ['a text', { type: 'text', text: { body: 'hello' } }, { kind: 'text', content: { text: 'hello' } }],
    [
      'an image with its caption',
      { type: 'image', image: { id: 'm1', mime_type: 'image/jpeg', caption: 'look' } },
      { kind: 'attachment', content: { text: 'look', attachments: [{ type: 'image', url: media('m1') }] } },
    ],
    [
      'a sticker',
      { type: 'sticker', sticker: { id: 'm1' } },
      { content: { attachments: [{ type: 'image', url: media('m1') }] } },
    ],
    [
      'a voice',
      { type: 'audio', audio: { id: 'm1', voice: true } },
      { content: { attachments: [{ type: 'audio', url: media('m1') }] } },
    ],
    [
      'a video',
      { type: 'video', video: { id: 'm1' } },
      { content: { attachments: [{ type: 'video', url: media('m1') }] } },
    ],
    [
      'a document with its name',
      { type: 'document', document: { id: 'm/1', filename: 'offer.pdf' } },
      { content: { attachments: [{ type: 'file', url: media('m%2F1'), name: 'offer.pdf' }] } },
    ],
    [
      'a location',
      { type: 'location', location: { latitude: 23.8, longitude: 90.4, name: 'Home' } },
      { content: { text: expect.stringMatching(/^Home\n.*mlat=23.8/s) } },
    ],
    [
      'contacts',
      { type: 'contacts', contacts: [{ name: { formatted_name: 'Bo' }, phones: [{ phone: '+1' }, {}] }] },
      { content: { text: 'Bo +1' } },
    ],
    [
      'our quick reply',
      {
        type: 'interactive',
        interactive: { type: 'button_reply', button_reply: { id: 'q:yes', title: 'Yes' } },
      },
      { kind: 'quick_reply', content: { text: 'Yes', quickReply: { title: 'Yes', payload: 'yes' } } },
    ],
    [
      'a row of our list',
      {
        type: 'interactive',
        interactive: { type: 'list_reply', list_reply: { id: 'b:menu', title: 'Menu' } },
      },
      { kind: 'postback', content: { text: 'Menu', postback: { title: 'Menu', payload: 'menu' } } },
    ],
    [
      'a button of a template',
      { type: 'button', button: { payload: 'stop', text: 'Stop it' } },
      { kind: 'postback', content: { postback: { title: 'Stop it', payload: 'stop' } } },
    ],
    [
      'an order',
      { type: 'order', order: { product_items: [{ product_retailer_id: 'cup', quantity: '2' }] } },
      { kind: 'text', content: { text: 'Order:\n2 × cup' } },
    ],
  ])('%s', (_what, message, expected) => {
    const event = written(message);
    expect(event).toMatchObject({
      contactId: '8801700000001',
      accountId: '700',
      deduplicationKey: 'wamid.1',
    });
    expect(event.parsed).toMatchObject({
      outcome: 'message',
      container: {
        externalId: 'wamid.1',
        profile: { name: 'Ada', phone: '+8801700000001' },
        sentAt: '2023-11-14T22:13:20.000Z',
        ...expected,
      },
    });
    if (event.parsed.outcome === 'message') messageContainerSchema.parse(event.parsed.container);
  });

  it.each<[string, object, string]>([
    ['a reaction', { type: 'reaction', reaction: { message_id: 'x', emoji: '👍' } }, 'reacted with 👍'],
    ['a removed reaction', { type: 'reaction', reaction: { message_id: 'x' } }, 'removed a reaction'],
    ['a new number', { type: 'system', system: { body: 'Ada changed numbers' } }, 'Ada changed numbers'],
    ['what WhatsApp does not hand on', { type: 'unsupported', errors: [{ code: 131051 }] }, 'only be viewed'],
  ])('%s becomes a note for agents', (_what, message, text) => {
    expect(written(message).parsed).toMatchObject({ outcome: 'note', text: expect.stringContaining(text) });
  });

  it.each([{ type: 'hologram' }, { type: 'text' }, { type: 'image', image: {} }, { type: 'toString' }])(
    '%j is stored and ignored',
    (message) => expect(written(message).parsed.outcome).toBe('ignored'),
  );

  it('of a person with a hidden phone number has their user id', () => {
    const hidden = {
      from_user_id: 'BD.123',
      id: 'wamid.2',
      timestamp: '1',
      type: 'text',
      text: { body: 'hi' },
    };
    const event = meaning({
      contacts: [{ profile: { name: 'Bo' }, user_id: 'BD.123' }],
      messages: [hidden],
    });
    expect(event.contactId).toBe('user:BD.123');
    expect(event.parsed).toMatchObject({ container: { contactId: 'user:BD.123', profile: { name: 'Bo' } } });
    expect(event.parsed).not.toHaveProperty('container.profile.phone');
  });
});

describe('a status', () => {
  const status = (fields: object) =>
    meaning({
      statuses: [{ id: 'wamid.9', timestamp: '1700000000', recipient_id: '8801700000001', ...fields }],
    });

  it.each<[object, object]>([
    [
      { status: 'sent', biz_opaque_callback_data: 'mevrik:1:0' },
      { outcome: 'echo', reference: 'mevrik:1:0', externalId: 'wamid.9' },
    ],
    [{ status: 'sent' }, { outcome: 'ignored' }],
    [
      { status: 'delivered' },
      { outcome: 'receipt', status: 'delivered', externalIds: ['wamid.9'], until: null },
    ],
    [{ status: 'read' }, { outcome: 'receipt', status: 'read', externalIds: ['wamid.9'] }],
    [
      {
        status: 'failed',
        errors: [{ code: 131026, title: 'Undeliverable', error_data: { details: 'Not on WhatsApp' } }],
      },
      {
        outcome: 'failure',
        externalId: 'wamid.9',
        error: 'WhatsApp did not deliver it: Not on WhatsApp (131026).',
      },
    ],
    [{ status: 'failed' }, { outcome: 'failure', error: 'WhatsApp did not deliver it: no reason given.' }],
    [{ status: 'warped' }, { outcome: 'ignored' }],
  ])('%j', (fields, expected) => {
    const event = status(fields);
    expect(event.parsed).toMatchObject(expected);
    expect(event.contactId).toBe('8801700000001');
  });
});

describe('a webhook body', () => {
  it('with several phone numbers is split in order of time, and loses nothing to a malformed event', () => {
    const at = (id: string, timestamp: string) => ({
      ...base,
      id,
      timestamp,
      type: 'text',
      text: { body: 'x' },
    });
    const other = { ...change({ messages: [at('b', '2')] }) };
    other.value.metadata.phone_number_id = '701';
    const body = bodyOf(
      change({ messages: [at('c', '3'), null, { id: 7 }, at('a', '1')], statuses: 'no list' }),
      null as never,
      { field: 7 },
      other,
    );
    const [readable, others] = [splitWhatsapp(body), splitWhatsapp(body)].map((events, at) =>
      events.filter(({ payload }) => 'unreadable' in payload === (at === 1)),
    );
    expect(others?.map(({ payload }) => payload.unreadable)).toEqual([
      null,
      { id: 7 },
      expect.objectContaining({ statuses: 'no list' }),
      null,
      { field: 7 },
    ]);
    expect(readable?.map(({ deduplicationKey, accountId }) => [deduplicationKey, accountId])).toEqual([
      ['a', '700'],
      ['b', '701'],
      ['c', '700'],
    ]);
    const events = splitWhatsapp(bodyOf({ field: 'account_update', value: { event: 'x' } }));
    expect(events).toEqual([expect.objectContaining({ accountId: null, contactId: 'unknown' })]);
    expect(parseWhatsapp(events[0]?.payload ?? {}, source)).toMatchObject({
      outcome: 'ignored',
      reason: 'a change of type account_update',
    });
  });

  it('never throws', () => {
    const names = [
      'id',
      'from',
      'type',
      'timestamp',
      'text',
      'body',
      'image',
      'interactive',
      'button_reply',
      'title',
      'status',
      'errors',
      'contacts',
      'order',
      'location',
      'latitude',
      'field',
      'value',
      'metadata',
      'phone_number_id',
      'messages',
      'statuses',
      'profile',
      'name',
    ];
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6 },
        fc.constantFrom(
          null,
          true,
          0,
          1e300,
          '',
          'text',
          'image',
          'interactive',
          'order',
          'failed',
          'read',
          '700',
          '1',
        ),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(fc.constantFrom(...names), tie('tree'), { maxKeys: 7 }),
      ),
    }));
    const near = tree.map((message) =>
      change({ contacts, messages: [{ ...base, ...(message as object) }], statuses: [message] }),
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(tree, near), { maxLength: 4 }), (changes) => {
        for (const { payload } of splitWhatsapp(bodyOf(...(changes as object[])))) {
          const parsed = parseWhatsapp(payload, source);
          if (parsed.outcome === 'message') messageContainerSchema.parse(parsed.container);
        }
      }),
      { numRuns: 2_000 },
    );
    for (const body of [null, 7, [], {}, { object: 'page', entry: [] }])
      expect(splitWhatsapp(body)).toEqual([]);
  });
});

describe('a reply', () => {
  const settings = {
    phoneNumberId: '700',
    appSecret: 'a'.repeat(16),
    verifyToken: 'verify-me',
    accessToken: 'token-of-700',
  };
  const message = (content: OutboundMessage['content'], silentMs: number | null = 0): OutboundMessage => ({
    content,
    sender: 'agent',
    contactId: '8801',
    comment: null,
    silentMs,
    contactIdentityId: 1,
    thread: { externalIds: [], subject: null },
  });
  const bodies = (content: OutboundMessage['content']) =>
    composeWhatsapp(message(content), settings).map(({ body }) => body);
  const choices = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ title: `Choice ${at}`, payload: `c${at}` }));

  it('is a text, split if it is long', () => {
    expect(bodies({ text: 'hi' })).toEqual([
      {
        path: '700/messages',
        messaging_product: 'whatsapp',
        recipient_type: 'individual',
        to: '8801',
        type: 'text',
        text: { body: 'hi', preview_url: true },
      },
    ]);
    expect(bodies({ text: 'a '.repeat(3_000) })).toHaveLength(2);
  });

  it('has attachments by URL, documents with their name', () => {
    const attachments = [
      { type: 'image' as const, url: 'https://x.example/a.png' },
      { type: 'file' as const, url: 'https://x.example/b.pdf', name: 'b.pdf' },
    ];
    expect(bodies({ attachments })).toMatchObject([
      { type: 'image', image: { link: 'https://x.example/a.png' } },
      { type: 'document', document: { link: 'https://x.example/b.pdf', filename: 'b.pdf' } },
    ]);
  });

  it('has up to three choices as buttons, more as a list, and URLs in the text', () => {
    const [buttons] = bodies({ text: 'Well?', quickReplies: choices(3) });
    expect(buttons).toMatchObject({
      interactive: { type: 'button', action: { buttons: [{ reply: { id: 'q:c0' } }, {}, {}] } },
    });
    const [list] = bodies({ text: 'Well?', buttons: choices(4) });
    expect(list).toMatchObject({
      interactive: { type: 'list', action: { sections: [{ rows: [{ id: 'b:c0' }, {}, {}, {}] }] } },
    });
    expect(bodies({ quickReplies: choices(13) })).toHaveLength(2);
    expect(bodies({ text: 'See', buttons: [{ title: 'Site', url: 'https://x.example/' }] })).toMatchObject([
      { type: 'text', text: { body: 'See\nSite: https://x.example/' } },
    ]);
  });

  it('is rejected with a reason for the agent', () => {
    const day = 24 * 3_600_000;
    expect(() => composeWhatsapp(message({ text: 'x' }, day), settings)).toThrow('24-hour');
    expect(() => composeWhatsapp(message({ text: 'x' }, null), settings)).toThrow('24-hour');
    expect(() => composeWhatsapp(message({}), settings)).toThrow('no content that WhatsApp can display');
    expect(() => bodies({ text: 'x', buttons: [{ title: 'L', payload: 'p'.repeat(199) }] })).toThrow(
      '198 characters',
    );
    const { accessToken: _none, ...receiving } = settings;
    expect(() => composeWhatsapp(message({ text: 'x' }), receiving)).toThrow('no access token');
  });

  it.each<[number, object]>([
    [131047, { kind: 'permanent', error: expect.stringContaining('24-hour') }],
    [131026, { kind: 'permanent' }],
    [131031, { kind: 'channel-down' }],
    [190, { kind: 'channel-down' }],
    [130429, { kind: 'temporary', pauseMs: 60_000, isUncertain: false }],
    [131056, { kind: 'temporary', retryAfterMs: 6_000, suspectsChannel: false }],
    [131000, { kind: 'temporary', isUncertain: false }],
    [132000, { kind: 'permanent' }],
  ])('that is rejected with %d', (code, expected) => {
    expect(
      classifyGraphError(new GraphError(400, new Headers(), { error: { code, message: 'x' } })),
    ).toMatchObject(expected);
  });

  it('identifies its files by their id', () => {
    expect(mediaIdIn(media('m%2F1'))).toBe('m/1');
    expect(mediaIdIn('https://elsewhere.example/x')).toBeUndefined();
  });
});

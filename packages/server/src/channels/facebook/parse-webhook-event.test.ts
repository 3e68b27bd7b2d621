import { messageContainerSchema } from '@mevrik/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseWebhookEvent } from './parse-webhook-event.ts';
import { splitWebhook } from './split-webhook.ts';

const thread = { sender: { id: 'psid' }, recipient: { id: '900' }, timestamp: 1_700_000_000_000 };
const entry = (events: unknown, changes: unknown = []) => ({
  id: '900',
  time: 1,
  messaging: events,
  changes,
});
const split = (...entries: unknown[]) => splitWebhook({ object: 'page', entry: entries });

/** What we make of an event that came in a body of its own. */
function meaning(event: object) {
  const [kept] = split(
    'item' in event ? entry([], [{ field: 'feed', value: event }]) : entry([{ ...thread, ...event }]),
  );
  if (!kept) throw new Error('It was not kept.');
  const { payload, contactId, deduplicationKey } = kept;
  return {
    contactId,
    deduplicationKey,
    parsed: parseWebhookEvent(payload, { appId: 1, channel: 'page', deduplicationKey }),
  };
}
const url = 'https://cdn.example/a.png';

describe('an event of a conversation', () => {
  it.each<[string, object, object]>([
    [
      'a text',
      { message: { mid: 'm1', text: 'hello' } },
      { kind: 'text', content: { text: 'hello' }, externalId: 'm1' },
    ],
    [
      'a quick reply',
      { message: { mid: 'm2', text: 'Yes', quick_reply: { payload: 'yes' } } },
      { kind: 'quick_reply', content: { text: 'Yes', quickReply: { title: 'Yes', payload: 'yes' } } },
    ],
    [
      'an image',
      { message: { mid: 'm3', attachments: [{ type: 'image', payload: { url } }] } },
      { kind: 'attachment', content: { attachments: [{ type: 'image', url }] } },
    ],
    [
      'a sticker, a reel, a file, a fallback and an unknown type',
      {
        message: {
          mid: 'm4',
          text: 'look',
          attachments: ['sticker', 'reel', 'file', 'fallback', 'hologram'].map((type) => ({
            type,
            payload: { url, sticker_id: 1 },
          })),
        },
      },
      {
        kind: 'attachment',
        content: {
          text: 'look',
          attachments: ['image', 'video', 'file', 'file', 'file'].map((type) => ({ type, url })),
        },
      },
    ],
    [
      'attachments, one of them malformed',
      {
        message: {
          mid: 'm5',
          attachments: [null, { type: 'image', payload: { url } }, { type: 'image', payload: {} }],
        },
      },
      { content: { attachments: [{ type: 'image', url }] } },
    ],
    [
      'a reply to another message',
      { message: { mid: 'm6', text: 'that one', reply_to: { mid: 'm1' } } },
      { kind: 'text', content: { text: 'that one' } },
    ],
    [
      'a postback',
      { postback: { mid: 'm7', title: 'Start', payload: 'start' } },
      {
        kind: 'postback',
        content: { text: 'Start', postback: { title: 'Start', payload: 'start' } },
        externalId: 'm7',
      },
    ],
    [
      'a postback with a referral',
      {
        postback: {
          mid: 'm8',
          title: 'Start',
          payload: 'start',
          referral: { ref: 'autumn', source: 'SHORTLINK' },
        },
      },
      { kind: 'postback', profile: { attributes: { referral: 'autumn' } } },
    ],
  ])('%s is a message', (_what, event, expected) => {
    const { parsed, contactId } = meaning(event);
    expect(contactId).toBe('psid');
    expect(parsed).toMatchObject({ outcome: 'message', container: { ...expected, contactId: 'psid' } });
    if (parsed.outcome === 'message')
      expect(() => messageContainerSchema.parse(parsed.container)).not.toThrow();
  });

  it.each<[string, object, object]>([
    [
      'a delivery receipt with ids',
      { delivery: { mids: ['m1', 'm2'], watermark: 1_700_000_000_001 } },
      {
        outcome: 'receipt',
        status: 'delivered',
        externalIds: ['m1', 'm2'],
        until: '2023-11-14T22:13:20.001Z',
      },
    ],
    ['a delivery without', { delivery: { watermark: 5 } }, { outcome: 'receipt', externalIds: [] }],
    [
      'a read mark',
      { read: { watermark: 5 } },
      { outcome: 'receipt', status: 'read', until: '1970-01-01T00:00:00.005Z' },
    ],
    [
      'a referral',
      { referral: { ref: 'autumn', source: 'ADS', type: 'OPEN_THREAD', ad_id: 77 } },
      { outcome: 'note', attributes: { referral: 'autumn', ad: '77' } },
    ],
    [
      'a reaction',
      { reaction: { mid: 'm1', action: 'react', emoji: '❤', reaction: 'love' } },
      { outcome: 'note' },
    ],
    ['a reaction taken back', { reaction: { mid: 'm1', action: 'unreact' } }, { outcome: 'note' }],
    ['an opt-in', { optin: { type: 'notification_messages', payload: 'x' } }, { outcome: 'note' }],
    [
      'a conversation passed to another app',
      { pass_thread_control: { new_owner_app_id: 1, metadata: '' } },
      { outcome: 'note' },
    ],
    ['a thread taken', { take_thread_control: { previous_owner_app_id: null } }, { outcome: 'note' }],
    ['a thread asked for', { request_thread_control: { requested_owner_app_id: 9 } }, { outcome: 'note' }],
    ['a warning', { policy_enforcement: { action: 'warning', reason: 'spam' } }, { outcome: 'alert' }],
    [
      'an echo of our message',
      {
        sender: { id: '900' },
        recipient: { id: 'psid' },
        message: { is_echo: true, mid: 'm9', metadata: 'mevrik:1:0' },
      },
      { outcome: 'echo', reference: 'mevrik:1:0', externalId: 'm9' },
    ],
    [
      'an echo of another app’s message',
      {
        sender: { id: '900' },
        recipient: { id: 'psid' },
        message: { is_echo: true, mid: 'm10', text: 'hi' },
      },
      { outcome: 'ignored', reason: 'a message that another app sent' },
    ],
    ['a message of nothing', { message: { mid: 'm11' } }, { outcome: 'ignored' }],
    ['a postback in another app’s hands', { postback: { mid: 'm12', title: 'x' } }, { outcome: 'ignored' }],
    [
      'what makes no sense',
      { message: { mid: 7 } },
      { outcome: 'ignored', reason: expect.stringContaining('message') },
    ],
    ['an unknown kind', { telepathy: {} }, { outcome: 'ignored', reason: 'an unknown type of event' }],
  ])('%s', (_what, event, expected) => {
    const { parsed, contactId } = meaning(event);
    expect(parsed).toMatchObject(expected);
    expect(contactId).toBe('psid');
  });

  it('is stored and ignored while another app controls the conversation', () => {
    const [kept] = split({ id: '900', time: 1, standby: [{ ...thread, message: { mid: 'm1', text: 'x' } }] });
    expect(
      parseWebhookEvent(kept?.payload ?? {}, { appId: 1, channel: 'page', deduplicationKey: 'x' }),
    ).toEqual({
      outcome: 'ignored',
      reason: 'another app controls the conversation',
    });
    expect(kept?.deduplicationKey).not.toBe('m1');
  });
});

describe('a change in the feed', () => {
  const comment = {
    item: 'comment',
    verb: 'add',
    from: { id: '88', name: 'Carl' },
    post_id: '900_1',
    parent_id: '900_1',
    comment_id: '900_2',
    created_time: 1_700_000_000,
    message: 'Where is it?',
  };

  it.each<[string, object, object]>([
    [
      'a comment is a message in a conversation of its own',
      { ...comment, post: { permalink_url: 'https://facebook.example/900_1' } },
      {
        outcome: 'message',
        container: {
          contactId: 'comments:88',
          externalId: '900_2',
          content: { text: 'Where is it?' },
          profile: { name: 'Carl' },
          sentAt: '2023-11-14T22:13:20.000Z',
          social: { commentId: '900_2', postId: '900_1', postUrl: 'https://facebook.example/900_1' },
        },
      },
    ],
    [
      'a comment with a photo',
      { ...comment, photo: url },
      { outcome: 'message', container: { kind: 'attachment' } },
    ],
    [
      'an edit',
      { ...comment, verb: 'edited', message: 'Here!' },
      { outcome: 'changed', externalId: '900_2', text: 'Here!' },
    ],
    ['a deletion', { ...comment, verb: 'remove', message: undefined }, { outcome: 'changed', text: null }],
    ['hidden', { ...comment, verb: 'hide' }, { outcome: 'ignored', reason: 'a comment: hide' }],
    [
      'a comment of the page itself, maybe our reply',
      { ...comment, parent_id: '900_7', from: { id: '900' } },
      {
        outcome: 'own-comment',
        externalId: '900_2',
        parentId: '900_7',
        postId: '900_1',
        text: 'Where is it?',
        writtenAt: '2023-11-14T22:13:20.000Z',
      },
    ],
    [
      'edited by the page itself',
      { ...comment, verb: 'edited', from: { id: '900' } },
      { outcome: 'ignored' },
    ],
    ['without an author', { ...comment, from: undefined }, { outcome: 'ignored' }],
    [
      'a post',
      { item: 'status', verb: 'add', post_id: '900_1' },
      { outcome: 'ignored', reason: 'a change of type status' },
    ],
    ['a like', { item: 'reaction', verb: 'add', reaction_type: 'like' }, { outcome: 'ignored' }],
  ])('%s', (_what, event, expected) => {
    expect(meaning(event).parsed).toMatchObject(expected);
  });

  it('is identified by its id, verb and, for an edit, text', () => {
    const keys = [
      comment,
      { ...comment, verb: 'edited', message: 'one' },
      { ...comment, verb: 'edited', message: 'two' },
      { ...comment, verb: 'remove' },
      comment,
    ].map((one) => meaning(one).deduplicationKey);
    expect(new Set(keys).size).toBe(4);
    expect(keys[4]).toBe(keys[0]);
  });
});

describe('a webhook body', () => {
  it('with several pages and types is split in order of time, each event with its page', () => {
    const at = (timestamp: number, mid: string) => ({ ...thread, timestamp, message: { mid, text: 'x' } });
    const events = split(entry([at(3, 'c'), at(1, 'a')]), { id: 901, time: 1, messaging: [at(2, 'b')] });
    expect(events.map(({ deduplicationKey, accountId }) => [deduplicationKey, accountId])).toEqual([
      ['a', '900'],
      ['b', '901'],
      ['c', '900'],
    ]);
  });

  it('loses nothing to a malformed entry or event', () => {
    const good = { ...thread, message: { mid: 'good', text: 'x' } };
    const events = split(
      null,
      7,
      {},
      { id: {} },
      entry('no list'),
      entry([null, 'x', good]),
      entry([], [null]),
    );
    const [kept, ...bad] = events.toReversed();
    expect(kept?.deduplicationKey).toBe('good');
    expect(bad.map(({ payload }) => payload.unreadable).reverse()).toEqual([
      null,
      7,
      {},
      { id: {} },
      { id: '900', time: 1, messaging: 'no list', changes: [] },
      null,
      'x',
      null,
    ]);
  });

  it('never throws', () => {
    const names = [
      'id',
      'messaging',
      'changes',
      'sender',
      'recipient',
      'timestamp',
      'message',
      'mid',
      'text',
      'field',
      'value',
      'item',
      'verb',
      'comment_id',
      'created_time',
      'delivery',
      'watermark',
      'is_echo',
      'attachments',
      'payload',
    ];
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6 },
        fc.constantFrom(null, true, 0, 1e300, '', 'comment', 'add', 'feed', '900', 'https://a.example'),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(fc.constantFrom(...names), tie('tree'), { maxKeys: 6 }),
      ),
    }));
    fc.assert(
      fc.property(fc.array(tree, { maxLength: 4 }), (entries) => {
        for (const { payload, deduplicationKey } of split(...entries)) {
          const parsed = parseWebhookEvent(payload, { appId: 1, channel: 'page', deduplicationKey });
          if (parsed.outcome === 'message') messageContainerSchema.parse(parsed.container);
        }
      }),
      { numRuns: 2000 },
    );
    for (const body of [null, 7, [], {}, { object: 'page' }, { object: 'user', entry: [] }]) {
      expect(splitWebhook(body)).toEqual([]);
    }
  });
});

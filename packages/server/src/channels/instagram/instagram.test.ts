import { messageContainerSchema } from '@mevrik/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OutboundMessage } from '../channel.ts';
import { composeInstagram } from './compose-instagram.ts';
import { parseInstagram, splitInstagram } from './parse-instagram.ts';

const source = { appId: 1, channel: 'ig', deduplicationKey: 'x' };
const thread = { sender: { id: 'igsid' }, recipient: { id: '500' }, timestamp: 1_700_000_000_000 };
const entry = (messaging: unknown[], changes: unknown[] = []) => ({
  id: '500',
  time: 1_700_000_000,
  messaging,
  changes,
});
const split = (...entries: unknown[]) => splitInstagram({ object: 'instagram', entry: entries });
const url = 'https://cdn.example/story.jpg';

function meaning(event: object) {
  const [kept] = split('field' in event ? entry([], [event]) : entry([{ ...thread, ...event }]));
  if (!kept) throw new Error('It was not kept.');
  return { ...kept, parsed: parseInstagram(kept.payload, source) };
}

describe('a direct message', () => {
  it.each<[string, object, object]>([
    [
      'a text',
      { message: { mid: 'm1', text: 'hello' } },
      { kind: 'text', content: { text: 'hello' }, externalId: 'm1' },
    ],
    [
      'a reply to a story, with the story',
      { message: { mid: 'm2', text: 'nice', reply_to: { story: { id: 's', url } } } },
      { content: { text: 'nice', attachments: [{ type: 'file', url, name: 'The story' }] } },
    ],
    [
      'a mention in a story',
      { message: { mid: 'm3', attachments: [{ type: 'story_mention', payload: { url } }] } },
      { kind: 'attachment', content: { attachments: [{ type: 'file', url }] } },
    ],
    [
      'a reel',
      { message: { mid: 'm4', attachments: [{ type: 'ig_reel', payload: { url } }] } },
      { content: { attachments: [{ type: 'video', url }] } },
    ],
    [
      'a quick reply',
      { message: { mid: 'm5', text: 'Yes', quick_reply: { payload: 'yes' } } },
      { kind: 'quick_reply' },
    ],
    ['an ice breaker', { postback: { mid: 'm6', title: 'Prices', payload: 'prices' } }, { kind: 'postback' }],
  ])('%s', (_what, event, expected) => {
    const { parsed, contactId, accountId } = meaning(event);
    expect([contactId, accountId]).toEqual(['igsid', '500']);
    expect(parsed).toMatchObject({ outcome: 'message', container: expected });
    if (parsed.outcome === 'message') messageContainerSchema.parse(parsed.container);
  });

  it.each<[string, object, object]>([
    [
      'what was seen',
      { read: { mid: 'm9' } },
      { outcome: 'receipt', status: 'read', externalIds: ['m9'], until: null },
    ],
    [
      'a deleted message',
      { message: { mid: 'm1', is_deleted: true } },
      { outcome: 'changed', externalId: 'm1', text: null },
    ],
    ['what cannot be shown', { message: { mid: 'm7', is_unsupported: true } }, { outcome: 'note' }],
    ['a reaction', { reaction: { mid: 'm1', action: 'react', emoji: '❤' } }, { outcome: 'note' }],
    [
      'what we sent ourselves',
      {
        sender: { id: '500' },
        recipient: { id: 'igsid' },
        message: { mid: 'm8', is_echo: true, text: 'hi' },
      },
      { outcome: 'ignored' },
    ],
    ['a kind that is new', { hologram: {} }, { outcome: 'ignored' }],
  ])('%s', (_what, event, expected) => {
    expect(meaning(event).parsed).toMatchObject(expected);
  });

  it('deleted is not a duplicate of the message', () => {
    const keys = [
      { mid: 'm1', text: 'x' },
      { mid: 'm1', is_deleted: true },
    ].map((message) => meaning({ message }).deduplicationKey);
    expect(new Set(keys).size).toBe(2);
  });
});

describe('a comment', () => {
  const comment = {
    id: 'c1',
    text: 'How much?',
    from: { id: '88', username: 'carl' },
    media: { id: 'p1', media_product_type: 'FEED' },
  };

  it('is a message in a separate conversation', () => {
    const { parsed, contactId } = meaning({ field: 'comments', value: comment });
    expect(contactId).toBe('comments:88');
    expect(parsed).toMatchObject({
      outcome: 'message',
      container: {
        contactId: 'comments:88',
        externalId: 'c1',
        content: { text: 'How much?' },
        profile: { name: 'carl' },
        social: { platform: 'instagram', postId: 'p1', commentId: 'c1' },
      },
    });
  });

  it.each([
    ['without a text', { ...comment, text: undefined }],
    ['without an author', { ...comment, from: undefined }],
  ])('%s is ignored', (_what, value) => {
    expect(meaning({ field: 'comments', value }).parsed.outcome).toBe('ignored');
  });

  it('of the account itself may be our reply', () => {
    const value = { ...comment, parent_id: 'c0', from: { id: '500' } };
    expect(meaning({ field: 'comments', value }).parsed).toEqual({
      outcome: 'own-comment',
      externalId: 'c1',
      parentId: 'c0',
      postId: 'p1',
      text: 'How much?',
      writtenAt: null,
    });
  });
});

describe('a webhook body', () => {
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
      'from',
      'username',
      'media',
      'read',
      'reply_to',
      'story',
      'url',
      'attachments',
      'payload',
    ];
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6 },
        fc.constantFrom(null, true, 0, 1e300, '', 'comments', '500', 'https://a.example'),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(fc.constantFrom(...names), tie('tree'), { maxKeys: 6 }),
      ),
    }));
    fc.assert(
      fc.property(fc.array(tree, { maxLength: 4 }), (entries) => {
        for (const { payload } of split(...entries)) {
          const parsed = parseInstagram(payload, source);
          if (parsed.outcome === 'message') messageContainerSchema.parse(parsed.container);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a reply', () => {
  const settings = {
    accountId: '500',
    appSecret: 'a'.repeat(16),
    verifyToken: 'verify-me',
    accessToken: 'token-of-500',
  };
  const message = (
    content: OutboundMessage['content'],
    more: Partial<OutboundMessage> = {},
  ): OutboundMessage => ({
    content,
    sender: 'agent',
    contactId: 'igsid',
    comment: null,
    silentMs: 0,
    contactIdentityId: 1,
    thread: { externalIds: [], subject: null },
    ...more,
  });
  const bodies = (content: OutboundMessage['content'], more?: Partial<OutboundMessage>) =>
    composeInstagram(message(content, more), settings).map(({ body }) => body);

  it('has its choices as quick replies and its URLs in the text', () => {
    expect(
      bodies({
        text: 'Well?',
        buttons: [
          { title: 'A title that is too long', payload: 'p' },
          { title: 'Site', url: 'https://x.example/' },
        ],
      }),
    ).toEqual([
      {
        path: '500/messages',
        recipient: { id: 'igsid' },
        messaging_type: 'RESPONSE',
        message: {
          text: 'Well?\nSite: https://x.example/',
          quick_replies: [{ content_type: 'text', title: 'A title that is too…', payload: 'p' }],
        },
      },
    ]);
  });

  it('is posted under the comment, or sent once to its author', () => {
    const under = (visibility: 'public' | 'private') => ({ comment: { id: 'c1', visibility } });
    expect(bodies({ text: 'Ten' }, under('public'))).toEqual([{ path: 'c1/replies', message: 'Ten' }]);
    expect(bodies({ text: 'Ten' }, under('private'))).toMatchObject([
      { recipient: { comment_id: 'c1' }, message: { text: 'Ten' } },
    ]);
    expect(() => bodies({ text: 'a '.repeat(600) }, under('private'))).toThrow('single message');
    expect(() => bodies({}, under('public'))).toThrow('must have text');
  });

  it('is rejected when the reply window has closed, except for agents with the tag', () => {
    const late = { silentMs: 25 * 3_600_000 };
    expect(() => bodies({ text: 'x' }, late)).toThrow('24 hours: Instagram');
    const tagged = composeInstagram(message({ text: 'x' }, late), { ...settings, humanAgentTag: true });
    expect(tagged[0]?.body).toMatchObject({ messaging_type: 'MESSAGE_TAG', tag: 'HUMAN_AGENT' });
    expect(() => bodies({})).toThrow('no content that Instagram can display');
  });
});

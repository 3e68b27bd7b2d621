import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conversationKey, csatAnswerSchema, idSchema, messageContentSchema } from './models.ts';

const fits = (content: unknown) => messageContentSchema.safeParse(content).success;

describe('what a message says', () => {
  it('may be a text, files, choices to make and a choice made', () => {
    expect(
      fits({
        text: 'Which one?',
        attachments: [{ type: 'image', url: 'https://example.com/a.png', sizeBytes: 0 }],
        quickReplies: [{ title: 'This', payload: 'this' }],
        buttons: [
          { title: 'That', payload: 'that' },
          { title: 'Read on', url: 'https://example.com' },
        ],
        quickReply: { title: 'This', payload: 'this' },
      }),
    ).toBe(true);
  });

  it.each([
    ['a text that is too long', { text: 'x'.repeat(10_001) }],
    ['what we do not know', { html: '<b>hello</b>' }],
    ['an address that runs', { buttons: [{ title: 'Press', url: 'javascript:alert(1)' }] }],
    ['a file in the message itself', { attachments: [{ type: 'image', url: 'data:image/png;base64,AA==' }] }],
    ['a file on our own disk', { attachments: [{ type: 'file', url: 'file:///etc/passwd' }] }],
    [
      'a button that does two things',
      { buttons: [{ title: 'A', payload: 'a', url: 'https://example.com' }] },
    ],
    ['a button that does nothing', { buttons: [{ title: 'A' }] }],
    ['a choice without a title', { quickReplies: [{ title: '', payload: 'a' }] }],
    ['more quick replies than fit', { quickReplies: Array(14).fill({ title: 'A', payload: 'a' }) }],
    ['a score that there is not', { csat: { score: 6 } }],
  ])('is not %s', (_name, content) => expect(fits(content)).toBe(false));

  it('is kept as it was written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (text) => {
        expect(messageContentSchema.parse({ text })).toEqual({ text });
      }),
    );
  });
});

describe('a score', () => {
  it('is a whole number from one to five', () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: -2, max: 8 }), fc.double()), (score) => {
        expect(csatAnswerSchema.safeParse({ score }).success).toBe([1, 2, 3, 4, 5].includes(score));
      }),
    );
  });
});

describe('a number in our database', () => {
  it.each([0, -1, 1.5, Number.NaN, 2 ** 53, '1'])('is not %s', (value) =>
    expect(idSchema.safeParse(value).success).toBe(false),
  );
});

describe('the key of a conversation', () => {
  // A channel's name has neither a slash nor a colon in it, so nothing a contact is called can lead astray.
  const place = fc.record({
    appId: fc.integer({ min: 1, max: 20 }),
    channel: fc.stringMatching(/^[\w-]{1,4}$/),
    contactId: fc.stringMatching(/^[a-z0-9:/]{1,6}$/),
  });

  it('is another for another app, channel or contact', () => {
    fc.assert(
      fc.property(place, place, (one, other) => {
        const keys = [one, other].map((at) => conversationKey(at.appId, at.channel, at.contactId));
        expect(keys[0] === keys[1]).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
  });
});

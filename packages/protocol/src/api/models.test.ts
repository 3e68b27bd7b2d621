import { describe, expect, it } from 'vitest';
import { csatAnswerSchema, idSchema, messageContentSchema } from './models.ts';

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

  it.each(['', ' ', '  two  ', 'a\r\nb', '👩‍👩‍👧', 'e\u0301', '<b>', '\u202Eback'])(
    'is kept as it was written: %j',
    (text) => expect(messageContentSchema.parse({ text })).toEqual({ text }),
  );
});

describe('a score', () => {
  const isScore = (score: unknown) => csatAnswerSchema.safeParse({ score }).success;

  it('is a whole number from one to five', () => {
    expect([1, 2, 3, 4, 5].filter(isScore)).toEqual([1, 2, 3, 4, 5]);
    expect([-1, 0, 6, 10, 4.5, Number.NaN, Number.POSITIVE_INFINITY, '4', null].filter(isScore)).toEqual([]);
  });
});

describe('a number in our database', () => {
  it.each([0, -1, 1.5, Number.NaN, 2 ** 53, '1'])('is not %s', (value) =>
    expect(idSchema.safeParse(value).success).toBe(false),
  );
});

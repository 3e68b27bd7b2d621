import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutText, findUnstorable, isStorableText, shortenText, storableText } from './text.ts';

const family = '👩‍👩‍👧';
const flags = '🇧🇩'.repeat(10);

describe('a cut text', () => {
  it.each([
    ['a short text', 'hello', 5, 'hello'],
    ['a text of letters', 'hello', 3, 'hel'],
    ['an emoji at the end', 'ab😀', 3, 'ab'],
    ['a family', `a${family}`, 5, 'a'],
    ['a letter with an accent of its own', 'cafe\u0301s', 4, 'caf'],
    ['a vowel sign', 'কি', 1, ''],
    ['flags', flags, 6, '🇧🇩'],
    ['a character that is too long', `e${'\u0301'.repeat(300)}`, 200, `e${'\u0301'.repeat(199)}`],
    [
      'such a character with an emoji',
      `e${'\u0301'.repeat(198)}😀${'\u0301'.repeat(198)}`,
      200,
      `e${'\u0301'.repeat(198)}`,
    ],
  ])('keeps whole characters: %s', (_name, text, maxLength, cut) => {
    expect(cutText(text, maxLength)).toBe(cut);
  });

  it('is never longer than the limit, is a start of the text, and can be stored if the text can', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', ' ', '😀', '\u0301', family, '🇧🇩', '\n', 'কি'),
      maxLength: 60,
    });
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 80 }), (whole, maxLength) => {
        const cut = cutText(whole, maxLength);
        expect(cut.length).toBeLessThanOrEqual(maxLength);
        expect(whole.startsWith(cut)).toBe(true);
        expect(isStorableText(cut)).toBe(true);
        expect(shortenText(whole, maxLength).length).toBeLessThanOrEqual(maxLength);
      }),
    );
  });

  it('shows that something is missing', () => {
    expect(shortenText('hello world', 7)).toBe('hello…');
    expect(shortenText('hello', 5)).toBe('hello');
  });
});

describe('what cannot be stored', () => {
  it.each<[string, unknown, ReturnType<typeof findUnstorable>]>([
    ['half an emoji', { a: [{ b: 'ok' }, { b: '\ud83d' }] }, { path: ['a', '1', 'b'], reason: 'text' }],
    ['U+0000', 'a\0', { path: [], reason: 'text' }],
    ['a field name', { a: { '\udc00': 1 } }, { path: ['a'], reason: 'name' }],
    ['deep nesting', { a: { b: { c: {} } } }, { path: ['a', 'b', 'c'], reason: 'depth' }],
    ['nothing', { a: '😀', b: [1, null, true] }, undefined],
  ])('is found: %s', (_name, value, found) => {
    expect(findUnstorable(value, 3)).toEqual(found);
  });

  it('is removed from a text', () => {
    expect(storableText('a\0b\ud83dc😀\udc00')).toBe('abc😀');
  });
});

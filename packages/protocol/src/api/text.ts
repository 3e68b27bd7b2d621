// PostgreSQL cannot store U+0000 and unpaired surrogates, which JavaScript strings can contain.
// biome-ignore lint/suspicious/noControlCharactersInRegex: the control character is the one to detect
const unstorable = /\u0000|\p{Surrogate}/u;
const allUnstorable = new RegExp(unstorable, 'gu');

/** Whether PostgreSQL can store a text: it contains neither U+0000 nor an unpaired surrogate. */
export function isStorableText(text: string): boolean {
  return !unstorable.test(text);
}

/** A text without the characters that PostgreSQL cannot store. */
export function storableText(text: string): string {
  return text.replace(allUnstorable, '');
}

/** The part of a JSON value that cannot be stored, and why: a text, the name of a field, or too deep nesting. */
export interface UnstorablePart {
  /** The fields that lead to it; for a `name` and `depth`, those that lead to its object. */
  readonly path: readonly string[];
  readonly reason: 'text' | 'name' | 'depth';
}

/**
 * Finds a part of a JSON value that cannot be stored; `undefined` if there is none.
 *
 * @param maxDepth objects nested deeper than this count as unstorable.
 */
export function findUnstorable(value: unknown, maxDepth = 100): UnstorablePart | undefined {
  const open: { readonly value: unknown; readonly path: readonly string[] }[] = [{ value, path: [] }];
  for (let at = open.pop(); at; at = open.pop()) {
    const { value: part, path } = at;
    if (typeof part === 'string' && !isStorableText(part)) return { path, reason: 'text' };
    if (typeof part !== 'object' || part === null || ArrayBuffer.isView(part)) continue;
    if (path.length >= maxDepth) return { path, reason: 'depth' };
    for (const [name, inner] of Object.entries(part)) {
      if (!isStorableText(name)) return { path, reason: 'name' };
      open.push({ value: inner, path: [...path, name] });
    }
  }
  return undefined;
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** A character with more code units than this is made to be one; it is cut between its code points. */
const maxCharacterLength = 100;

/**
 * The start of a text, at most `maxLength` UTF-16 code units. It ends between two characters as readers see them, so
 * never inside an emoji or between a letter and its accents.
 */
export function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const start = segmenter.segment(text).containing(maxLength)?.index ?? maxLength;
  if (maxLength - start <= maxCharacterLength) return text.slice(0, start);
  return text.slice(0, maxLength).replace(/[\uD800-\uDBFF]$/, '');
}

/** A text of at most `maxLength` UTF-16 code units; one that was longer ends with an ellipsis. */
export function shortenText(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${cutText(text, maxLength - 1).trimEnd()}…`;
}

/** The highest number of records in a state that is counted, so that no list reads a whole table; shown as `10,000+`. */
export const mostCounted = 10_000;

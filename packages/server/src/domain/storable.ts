// PostgreSQL cannot store U+0000 and unpaired surrogates, which JavaScript strings can contain.
// biome-ignore lint/suspicious/noControlCharactersInRegex: the control character is the one to detect
const unstorable = /\u0000|\p{Surrogate}/u;

/** Whether every string in a JSON value, at any depth, can be stored. */
export function isStorable(value: unknown): boolean {
  let found = false;
  JSON.stringify(value, (name, part) => {
    found ||= unstorable.test(name) || (typeof part === 'string' && unstorable.test(part));
    return part;
  });
  return !found;
}

/** Cuts a text to a length without splitting a surrogate pair. */
export function truncate(text: string, maxLength: number): string {
  return text.slice(0, maxLength).replace(/[\uD800-\uDBFF]$/, '');
}

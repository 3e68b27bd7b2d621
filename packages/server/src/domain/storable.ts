// U+0000 and halves of surrogate pairs are texts in JavaScript that PostgreSQL cannot store.
// biome-ignore lint/suspicious/noControlCharactersInRegex: the control character is what is looked for
const unstorable = /\u0000|\p{Surrogate}/u;

/** Whether every text in a JSON value, however deep, can be stored. */
export function isStorable(value: unknown): boolean {
  let found = false;
  JSON.stringify(value, (name, part) => {
    found ||= unstorable.test(name) || (typeof part === 'string' && unstorable.test(part));
    return part;
  });
  return !found;
}

/** The beginning of a text, and no half of a character at its end. */
export function truncate(text: string, maxLength: number): string {
  return text.slice(0, maxLength).replace(/[\uD800-\uDBFF]$/, '');
}

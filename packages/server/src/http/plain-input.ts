import { ProblemError } from '@mevrik/protocol';

/** Deeper than anything that we take is nested. */
const maxDepth = 16;
// U+0000 and halves of surrogate pairs are texts in JavaScript that PostgreSQL cannot store.
// biome-ignore lint/suspicious/noControlCharactersInRegex: the control character is what is looked for
const unstorable = /\u0000|\p{Surrogate}/u;

/**
 * Refuses what no schema would find: texts that cannot be stored, and nesting that only costs time.
 * @throws ProblemError `invalid_input`, naming the field.
 */
export function assertPlain(value: unknown): void {
  const open: { readonly value: unknown; readonly path: readonly string[] }[] = [{ value, path: [] }];
  for (let at = open.pop(); at; at = open.pop()) {
    const { value: part, path } = at;
    if (typeof part === 'string' && unstorable.test(part)) {
      throw refusal(path, 'contains a character that cannot be stored (U+0000 or an unpaired surrogate)');
    }
    if (typeof part !== 'object' || part === null || ArrayBuffer.isView(part)) continue;
    if (path.length >= maxDepth) throw refusal(path, 'is nested too deeply');
    for (const [name, inner] of Object.entries(part)) {
      if (unstorable.test(name)) throw refusal(path, 'contains a key with a character that cannot be stored');
      open.push({ value: inner, path: [...path, name] });
    }
  }
}

function refusal(path: readonly string[], message: string): ProblemError {
  const field = path.join('.').slice(0, 200);
  return new ProblemError('invalid_input', `${field === '' ? 'The request' : field} ${message}.`, {
    fields: [{ path: field, message }],
  });
}

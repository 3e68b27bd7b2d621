import { ProblemError } from '@mevrik/protocol';

/** Deeper than any valid request is nested. */
const maxDepth = 16;
// JavaScript strings may contain U+0000 and unpaired surrogates, which PostgreSQL cannot store.
// biome-ignore lint/suspicious/noControlCharactersInRegex: matches the control character
const unstorable = /\u0000|\p{Surrogate}/u;

/**
 * Rejects what schemas do not check: text that cannot be stored, and excessive nesting.
 * @throws ProblemError `invalid_input`, naming the field.
 */
export function assertStorable(value: unknown): void {
  const open: { readonly value: unknown; readonly path: readonly string[] }[] = [{ value, path: [] }];
  for (let at = open.pop(); at; at = open.pop()) {
    const { value: part, path } = at;
    if (typeof part === 'string' && unstorable.test(part)) {
      throw invalid(path, 'contains a character that cannot be stored (U+0000 or an unpaired surrogate)');
    }
    if (typeof part !== 'object' || part === null || ArrayBuffer.isView(part)) continue;
    if (path.length >= maxDepth) throw invalid(path, 'is nested too deeply');
    for (const [name, inner] of Object.entries(part)) {
      if (unstorable.test(name)) throw invalid(path, 'contains a key with a character that cannot be stored');
      open.push({ value: inner, path: [...path, name] });
    }
  }
}

function invalid(path: readonly string[], message: string): ProblemError {
  const field = path.join('.').slice(0, 200);
  return new ProblemError('invalid_input', `${field === '' ? 'The request' : field} ${message}.`, {
    fields: [{ path: field, message }],
  });
}

import { cutText, findUnstorable, ProblemError } from '@mevrik/protocol';

/** Deeper than any valid request is nested. */
const maxDepth = 16;

const messages = {
  text: 'contains a character that cannot be stored (U+0000 or an unpaired surrogate)',
  name: 'contains a key with a character that cannot be stored',
  depth: 'is nested too deeply',
};

/**
 * Rejects what schemas do not check: text that cannot be stored, and excessive nesting.
 * @throws ProblemError `invalid_input`, naming the field.
 */
export function assertStorable(value: unknown): void {
  const found = findUnstorable(value, maxDepth);
  if (!found) return;
  const field = cutText(found.path.join('.'), 200);
  const message = messages[found.reason];
  throw new ProblemError('invalid_input', `${field === '' ? 'The request' : field} ${message}.`, {
    fields: [{ path: field, message }],
  });
}

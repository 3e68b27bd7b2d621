import { ProblemError } from '@mevrik/protocol';
import type { FastifyInstance } from 'fastify';

/** Deeper JSON is refused: nothing of ours nests so far, and what walks it walks recursively. */
const maxDepth = 64;

/** The escape for a NUL, unless its backslash is itself escaped. PostgreSQL takes no NUL in a text. */
const nulEscape = /(?<!\\)(?:\\\\)*\\u0000/;

/** Reads JSON bodies: neither prototypes nor NULs nor bottomless nesting get in. */
export function readJson(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.removeContentTypeParser(['application/json', 'text/plain']);
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = body.toString();
    if (nulEscape.test(text)) {
      return done(new ProblemError('invalid_input', 'Texts must not have NUL characters in them.'));
    }
    if (depthOf(text) > maxDepth) {
      return done(new ProblemError('invalid_input', `The body nests deeper than ${maxDepth} levels.`));
    }
    return parse(request, text, done);
  });
}

/** How deep JSON nests, found without recursion; brackets inside of strings do not count. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const character = text.charCodeAt(index);
    if (inString) {
      if (character === 0x5c) index++;
      else if (character === 0x22) inString = false;
    } else if (character === 0x22) inString = true;
    else if (character === 0x7b || character === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (character === 0x7d || character === 0x5d) depth--;
  }
  return deepest;
}

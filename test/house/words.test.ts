import { describe, expect, it } from 'vitest';
import remaining from './remaining.json' with { type: 'json' };
import { files, read } from './source-files.ts';

/**
 * Phrases of a private dialect, and words that the glossary in ARCHITECTURE.md replaces, each with what to write
 * instead. A phrase stands for its kind: name the actor and the act.
 */
const banned: Readonly<Record<string, { pattern: RegExp; instead: string }>> = {
  whoever: { pattern: /\bwhoever\b/i, instead: 'name who it is: the agent, the caller, the subscriber' },
  somebody: {
    pattern: /\b(some|any|every)body\b/i,
    instead: 'an agent, a customer, a person; or the passive voice',
  },
  mails: { pattern: /\bmails\b/i, instead: 'emails' },
  'is told': { pattern: /\b(is|are|was|were|be|been) told\b/i, instead: 'is notified, receives, is given' },
  mend: { pattern: /\bmend(s|ed|ing)?\b/i, instead: 'fix, repair' },
  'take away': { pattern: /\b(take|takes|took|taken) away\b/i, instead: 'remove, withdraw' },
  'look again': { pattern: /\blooks? again\b/i, instead: 'reload, refresh, check again' },
  'as it were': { pattern: /\bas it were\b/i, instead: 'drop it' },
  'what is to be': {
    pattern: /\b(what|who|where|which) (is|are|was|were) to be\b/i,
    instead: 'say what happens',
  },
  'what became of': { pattern: /\bwhat (became|becomes|came|comes) of\b/i, instead: 'result, outcome' },
  'at once holds': { pattern: /\bit holds at once\b/i, instead: 'changes are live' },
  'for ever': { pattern: /\bfor ever\b/i, instead: 'forever, permanently' },
  'is over': { pattern: /\bis over\b/i, instead: 'has ended, has expired' },
  'no such thing': { pattern: /\bno such thing\b/i, instead: 'not found' },
  'not yours': { pattern: /\bnot yours to\b/i, instead: 'you do not have permission' },
  news: { pattern: /\bnews\b/i, instead: 'new events, a notice, a change' },
  tenant: { pattern: /\btenants?\b/i, instead: 'app' },
  'e-mail': { pattern: /\be-mails?\b/i, instead: 'email' },
  refusal: { pattern: /\brefusals?\b/i, instead: 'error, rejection' },
  anew: { pattern: /\banew\b/i, instead: 'again, from scratch; start over, reload' },
  'at fault': { pattern: /\bfields? at fault\b/i, instead: 'invalid fields' },
  farewell: { pattern: /\bfarewells?\b/i, instead: 'close frame, rejection' },
  hears: { pattern: /\bhears\b/i, instead: 'receives, listens for, subscribes to' },
  'that is none': { pattern: /\bthat (is|are) none\b/i, instead: 'an invalid …, not a …' },
  'null where': { pattern: /`(null|undefined)` where\b/i, instead: '`null` if …' },
  'private place': { pattern: /\bplace in (the )?line\b/i, instead: 'queue position' },
};

const written = files.filter(
  (file) =>
    /^(packages|scripts|test|docs|bench)\/|^[A-Z]+\.md$/.test(file) &&
    /\.(tsx?|mjs|js|md|sql|html|css)$/.test(file) &&
    // The glossary's own definition of an app, and the list above, need the words.
    !/^(test\/house\/words\.test\.ts|CHANGELOG\.md|ARCHITECTURE\.md|CODE_OF_CONDUCT\.md)$/.test(file),
);

/** How often a phrase occurs in the code, the docs and the locale files, and where. */
function occurrences(pattern: RegExp): { readonly count: number; readonly where: readonly string[] } {
  const where = written.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, at) => (pattern.test(line) ? [`${file}:${at + 1}`] : [])),
  );
  return { count: where.length, where };
}

describe('the words', () => {
  it.each(Object.entries(banned))('do not include "%s"', (name, { pattern, instead }) => {
    const { count, where } = occurrences(pattern);
    const allowed = (remaining.words as Record<string, number>)[name] ?? 0;
    // More than the remaining number means a new one; if there are fewer, lower the number in remaining.json.
    const found = { count, write: instead, where: count > allowed ? where : [] };
    expect(found).toEqual({ count: allowed, write: instead, where: [] });
  });
});

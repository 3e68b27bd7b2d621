import { describe, expect, it } from 'vitest';
import { files, read } from './source-files.ts';

/** Where a banned word is right: in a file, in a phrase, or both; and why. */
interface Exception {
  readonly file?: RegExp;
  readonly phrase?: RegExp;
  readonly because: string;
}

interface BannedWord {
  readonly pattern: RegExp;
  readonly instead: string;
  readonly except?: readonly Exception[];
}

/**
 * Phrases of a private dialect, and words that the glossary in ARCHITECTURE.md replaces, each with what to write
 * instead. A phrase stands for its kind: name the actor and the act.
 */
const banned: Readonly<Record<string, BannedWord>> = {
  whoever: { pattern: /\bwhoever\b/gi, instead: 'name who it is: the agent, the caller, the subscriber' },
  somebody: {
    pattern: /\b(some|any|every|no)body\b/gi,
    instead: 'an agent, a customer, a person, no one; or the passive voice',
    except: [
      { file: /embedded-user\.ts$/, phrase: /[`']nobody[`']/g, because: 'the system’s user of this name' },
    ],
  },
  'is told': {
    pattern: /\b[Tt]old\b|\btell\(|\.tell\b|\bteller\b/g,
    instead: 'is notified, receives, is given; notify, send',
  },
  mend: { pattern: /\bmend(s|ed|ing)?\b/gi, instead: 'fix, repair' },
  'take away': { pattern: /\b(take|takes|took|taken) away\b/gi, instead: 'remove, withdraw' },
  'look again': { pattern: /\blooks? again\b/gi, instead: 'reload, refresh, check again' },
  'as it were': { pattern: /\bas it were\b/gi, instead: 'drop it' },
  'what is to be': {
    pattern: /\b(what|who|where|which) (is|are|was|were) to be\b/gi,
    instead: 'say what happens',
  },
  'what became of': { pattern: /\bwhat (became|becomes|came|comes) of\b/gi, instead: 'result, outcome' },
  'at once holds': { pattern: /\bit holds at once\b/gi, instead: 'changes are live' },
  'for ever': { pattern: /\bfor ever\b/gi, instead: 'forever, permanently' },
  'is over': { pattern: /\bis over\b/gi, instead: 'has ended, has expired' },
  'no such thing': { pattern: /\bno such thing\b/gi, instead: 'not found' },
  'not yours': { pattern: /\bnot yours to\b/gi, instead: 'you do not have permission' },
  news: { pattern: /\bnews\b|\bisNews\b/gi, instead: 'new events, a notice, a change' },
  tenant: {
    pattern: /\btenants?\b/gi,
    instead: 'app',
    except: [{ file: /^ARCHITECTURE\.md$/, phrase: /\ba tenant: id/g, because: 'defines the word “app”' }],
  },
  anew: { pattern: /\banew\b/gi, instead: 'again, from scratch; start over, reload' },
  farewell: { pattern: /\bfarewells?\b/gi, instead: 'close frame, rejection' },
  'that is none': { pattern: /\bthat (is|are) none\b/gi, instead: 'an invalid …, not a …' },
  'null where': { pattern: /`(null|undefined)` where\b/gi, instead: '`null` if …' },

  // The glossary's wrong words.
  'e-mail': { pattern: /\be-mails?\b/gi, instead: 'email' },
  mail: {
    pattern: /\b[Mm]ails?\b|[a-z]Mails?\b|\bmails?[A-Z]\w*|(?<=['"`])mail-\w+/g,
    instead: 'email',
    except: [
      {
        phrase: /\b[Mm]ail[- ](server|program)s?|\b(bulk|junk) mail\b|mailServer\w*/g,
        because: 'the usual terms',
      },
      { phrase: /\b(sendMail|ParsedMail|IconMail|(onM|m)ailFrom)\b/g, because: 'names of the libraries' },
      { phrase: /\bmail\\?\.[\w-]+\\?\.example|\bmail\.example\.com/g, because: 'a host name' },
      {
        phrase: /Apple Mail\b|\bMail\.ru\b|Mail Delivery|Undelivered Mail/g,
        because: 'texts of mail programs',
      },
      { phrase: /e-\?mail\b/g, because: 'finds a field in both spellings' },
      {
        file: /^(test|scripts)\/|\.test\.ts$/,
        phrase: /(?<=['"`/:=])mail(?=['"`/:?])/g,
        because: 'the name of the email channel in tests and the demo',
      },
    ],
  },
  refusal: { pattern: /\brefusals?\b/gi, instead: 'error, rejection' },
  fault: { pattern: /\bfault(s|y)?\b|[a-z]Faults?\b/g, instead: 'error, failure, violation' },
  ticket: {
    pattern: /\btickets?\b/gi,
    instead: 'case',
    except: [
      {
        phrase: /[`'"]ticket[`'"]|\bticket: /g,
        because: 'the routing action that the specification names so',
      },
    ],
  },
  matter: { pattern: /\b(an?|the|this|that|each|case:) matter\b/gi, instead: 'case' },
  remark: { pattern: /\bremarks?\b/gi, instead: 'note, comment' },
  hear: {
    pattern: /\b(hear|hears|heard|hearing)\b/gi,
    instead: 'receive, listen for, subscribe to',
  },
  figure: { pattern: /\bfigures?\b/gi, instead: 'metric, statistic, report; a result, a number' },
  place: {
    pattern: /\bplaces?\b/gi,
    instead: 'position (of an event, in a queue); or what it is: a path, a folder, a channel',
    except: [
      {
        phrase: /\b(case|conversation|queue item)['’]s place in (a|its) queue\b/g,
        because: 'defines a queue item',
      },
      { phrase: /\bin place\b|\b(in|the) (one|wrong|first) place\b/g, because: 'idioms with no other word' },
      { phrase: /\bplace-items\b/g, because: 'CSS' },
    ],
  },
  update: {
    pattern:
      /\b(webhook|provider|provider['’]s|parsed) updates?\b|\bupdates? (of|from) (a |the |its )?providers?\b|\bAS updates?\b|\b(const|let) updates?\b/gi,
    instead: 'webhook event',
  },
  'suffixes of dependencies': {
    pattern: /\b(interface|type|class) \w*(Needs|Parts|Surroundings|Keeper|With)\b|<(Needs|Parts|With)\b/g,
    instead: 'the suffix Deps; or name what it is',
  },
};

/** Code, documentation, examples and configuration; not this file, which needs the words. */
const written = files.filter(
  (file) =>
    (/^(packages|scripts|test|docs|bench|examples|\.github|\.ci)\//.test(file) || !file.includes('/')) &&
    (/\.(tsx?|mjs|cjs|js|md|sql|html|css|sh|ya?ml)$/.test(file) ||
      /^docs\/reference\/.*\.json$|^Dockerfile$|^\.ci\/run$/.test(file)) &&
    file !== 'test/house/words.test.ts',
);

/** A file's text with wrapped lines joined, so that a phrase is found although a line ends within it. */
interface Prose {
  readonly file: string;
  readonly text: string;
  /** The offset in `text` at which each line begins. */
  readonly begins: readonly number[];
}

function readProse(file: string): Prose {
  const begins: number[] = [];
  let text = '';
  for (const line of read(file).split('\n')) {
    begins.push(text.length);
    text += `${line.replace(/^\s*(\/\/|\/?\*+|--|#|>)?\s*/, '').trimEnd()} `;
  }
  return { file, text, begins };
}

const prose = written.map(readProse);

/** `file:line` of each use of a banned word. */
function uses({ pattern, except = [] }: BannedWord): readonly string[] {
  return prose.flatMap(({ file, text, begins }) => {
    let allowed = text;
    for (const one of except) {
      if (one.file && !one.file.test(file)) continue;
      allowed = one.phrase ? allowed.replace(one.phrase, (found) => '·'.repeat(found.length)) : '';
    }
    return [...allowed.matchAll(pattern)].map(
      ({ index }) => `${file}:${begins.findLastIndex((begin) => begin <= index) + 1}`,
    );
  });
}

describe('the words', () => {
  it.each(Object.entries(banned))('do not include "%s"', (_name, word) => {
    expect({ write: word.instead, where: uses(word) }).toEqual({ write: word.instead, where: [] });
  });
});

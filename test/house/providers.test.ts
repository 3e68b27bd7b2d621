import { expect, it } from 'vitest';
import { read, sources } from './source-files.ts';

/** The names of providers, and content that only one kind of channel has. */
const providers = [
  /facebook|instagram|whats_?app|telegram|messenger|graph_?(api|url)/i,
  /\bMeta\b/,
  /content(\.| ?-> ?')email|\bemail: \{ subject|\bemail\?\.(subject|automatic)/,
];
const isNamedIn = (text: string) => providers.some((pattern) => pattern.test(text));

/** Where a provider may be named besides the folder of its kind, and why. */
const exceptions: Readonly<Record<string, string>> = {
  'packages/server/src/compose/channels.ts': 'the line of each kind',
  'packages/server/src/config/settings.ts': 'the setting with the address of Meta’s Graph API',
  'packages/server/src/listeners/handle-provider-event.ts': 'the specified event of Facebook has a listener',
  'packages/server/src/listeners/index.ts': 'the line of that listener',
  'packages/server/src/domain/message-details.ts': 'the one reader of what only emails have',
};

it('names providers in the folders of their channels only', () => {
  const named = sources
    .filter((file) => /^packages\/server\/src\/(?!channels\/[^/]+\/)/.test(file))
    .filter((file) => !Object.keys(exceptions).some((allowed) => file.startsWith(allowed)))
    .flatMap((file) =>
      read(file)
        .split('\n')
        .flatMap((line, at) => (isNamedIn(line) ? [`${file}:${at + 1}: ${line.trim()}`] : [])),
    );
  expect(named).toEqual([]);
});

it('has no exception that is not needed', () => {
  const unused = Object.keys(exceptions).filter(
    (allowed) => !sources.some((file) => file.startsWith(allowed) && isNamedIn(read(file))),
  );
  expect(unused).toEqual([]);
});

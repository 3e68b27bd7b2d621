import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestTables } from '../../../../test/support/digest-tables.ts';
import { startObjectStore } from '../../../../test/support/object-store.ts';
import { cleanUp, emptyDatabase, temporaryDatabase } from '../../../../test/support/server.ts';
import { createDiskStore } from '../attachments/disk-store.ts';
import { fileStoreOf } from '../compose/files.ts';
import { loadConfig } from '../config/config.ts';
import { readMigrations } from '../db/apply-migrations.ts';
import { type Database, openDatabase } from '../db/database.ts';
import { backupName, type DatabaseTarget } from '../db/database-target.ts';
import { copyMigrations, defaultFolder, migrate } from '../db/migrate.ts';
import { measureHealth } from '../queries/health.ts';
import { restoreBackup } from './restore-backup.ts';
import { writeBackup } from './write-backup.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await cleanUp();
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mevrik-backup-'));
  cleanups.push(() => rm(folder, { recursive: true }));
});

function open(target: DatabaseTarget): Database {
  const database = openDatabase(target, { maxConnections: 1, applicationName: 'backup test' });
  cleanups.push(() => database.close());
  return database;
}

/** A text that every format of rows has to escape. */
const odd = 'tab\there, line\nbreak, \\N, "quotes", ; 👩‍👩‍👧 ﷽ \\.';

/** A database with an app, whose name is odd, two sessions of one customer, and a file. */
async function withData() {
  const { connection } = await temporaryDatabase();
  await fill(connection);
  return connection;
}

async function fill(target: DatabaseTarget) {
  const { sql } = open(target);
  await sql`INSERT INTO apps (id, key, secret, name) VALUES (7, 'key', 'secret', ${odd})`;
  await sql`INSERT INTO customers (app_id, conversation_key, name) VALUES (7, 'one', 'first'), (7, 'two', NULL)`;
  await sql`UPDATE customers SET merged_into = (SELECT max(id) FROM customers) WHERE name = 'first'`;
  await sql`
    INSERT INTO files (id, app_id, uploaded_by, name, content_type, size_bytes, digest, used_at)
    VALUES ('00000000-0000-4000-8000-000000000001', 7, 'staff', 'a', 'text/plain', 3,
            'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', now())`;
  await sql`SELECT graphile_worker.add_job('trim-records', '{"a": "\\u00e9"}'::json)`;
  await sql`UPDATE graphile_worker._private_jobs SET locked_at = now(), locked_by = 'gone'`;
  await sql`
    INSERT INTO nodes (id, host, pid, lock_backend_pid)
    VALUES ('00000000-0000-4000-8000-000000000002', 'here', 1, 1)`;
}

const stored = '7/00000000-0000-4000-8000-000000000001';

/** A store that has the content of the file, or other content in its stead. */
async function storeWith(content: string | null) {
  const store = createDiskStore(join(folder, 'files'));
  if (content !== null) await store.put(stored, Buffer.from(content));
  return store;
}

const emptyStore = () => createDiskStore(join(folder, 'restored'));

async function backUp(target: DatabaseTarget, store = storeWith('abc')) {
  const directory = join(folder, 'backup');
  const manifest = await writeBackup({ target, store: await store, directory });
  return { directory, manifest };
}

function restore(directory: string, target: DatabaseTarget) {
  return restoreBackup({ directory, target, store: emptyStore() });
}

describe('a backup that is restored', () => {
  it('has every row and every attachment, an epoch of its own, and no trace of running processes', async () => {
    const source = await withData();
    await open(source).sql`INSERT INTO partition_owners (partition, node) SELECT 1, id FROM nodes`;
    const before = await digestTables(open(source).sql);
    const { directory } = await backUp(source);

    const { url, sql } = await emptyDatabase();
    expect((await restore(directory, { url })).lost).toBe(0);
    expect(await digestTables(sql)).toEqual(before);
    expect(await sql`SELECT name FROM apps`).toEqual([{ name: odd }]);
    expect(await sql`SELECT FROM nodes`).toHaveLength(0);
    expect(await sql`SELECT FROM partition_owners`).toHaveLength(0);
    expect(await sql`SELECT locked_by FROM graphile_worker._private_jobs`).toEqual([{ locked_by: null }]);
    const epochs = [open(source).sql, sql].map((one) => one`SELECT epoch FROM log_epoch`);
    const [old, renewed] = await Promise.all(epochs);
    expect(renewed).not.toEqual(old);
    expect(await readFile(join(folder, 'restored', stored), 'utf8')).toBe('abc');

    // New rows get numbers that no old one has.
    await sql`INSERT INTO customers (app_id, conversation_key) VALUES (7, 'three')`;
    expect(await sql`SELECT FROM customers`).toHaveLength(3);
  });

  it('has the archive of the event log, but no file that is not complete', async () => {
    const source = await withData();
    const store = await storeWith('abc');
    const [complete, unfinished] = ['events/7/1', 'events/7/2'] as const;
    for (const name of [complete, unfinished]) await store.put(name, Buffer.from('abc'));
    await open(source).sql`
      INSERT INTO event_segments (app_id, first_id, last_id, first_at, last_at, events, bytes, digest, status)
      SELECT 7, id, id, now(), now(), 1, 3, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', status
      FROM (VALUES ('00000000-0000-7000-8000-000000000001'::uuid, 'archived'),
                   ('00000000-0000-7000-8000-000000000002', 'writing')) AS segment (id, status) ORDER BY id`;
    const { directory } = await backUp(source, Promise.resolve(store));
    const { url } = await emptyDatabase();
    expect((await restore(directory, { url })).lost).toBe(0);
    expect(await readFile(join(folder, 'restored', complete), 'utf8')).toBe('abc');
    await store.remove(unfinished);
    await rm(directory, { recursive: true });
    expect((await backUp(source, Promise.resolve(store))).manifest.attachments).toMatchObject({ missing: 0 });
  });

  it('is migrated to this version if an earlier one wrote it', async () => {
    const earlier = await emptyDatabase();
    // Without the last one, which adds an index: a backup has the tables of the build that writes it.
    const released = readMigrations(defaultFolder()).length - 1;
    const migrations = await copyMigrations(defaultFolder(), released);
    cleanups.push(() => rm(migrations, { recursive: true }));
    await migrate({ url: earlier.url }, { migrationsFolder: migrations });
    await fill({ url: earlier.url });
    const { directory, manifest } = await backUp({ url: earlier.url });
    expect(manifest.migrations).toHaveLength(released);

    const { url, sql } = await emptyDatabase();
    await restore(directory, { url });
    expect(await digestTables(sql)).toEqual(await digestTables(earlier.sql));
    const applied = await sql`SELECT FROM drizzle.__drizzle_migrations`;
    expect(applied.length).toBeGreaterThan(released);
  });

  it('has its attachments in a bucket, where one is configured, and can be backed up from there', async () => {
    const bucket = await startObjectStore();
    cleanups.push(() => bucket.stop());
    const store = fileStoreOf(loadConfig(bucket.env));
    const { directory } = await backUp(await withData());
    const { url } = await emptyDatabase();
    expect((await restoreBackup({ directory, target: { url }, store })).lost).toBe(0);
    expect([...bucket.objects]).toEqual([[stored, Buffer.from('abc')]]);

    const again = join(folder, 'again');
    await writeBackup({ target: { url }, store, directory: again });
    expect(await readFile(join(again, 'attachments', stored), 'utf8')).toBe('abc');
  });

  it('tells how many attachments are lost, and has all else', async () => {
    const source = await withData();
    const { directory, manifest } = await backUp(source, storeWith(null));
    expect(manifest.attachments).toEqual({ files: 0, bytes: 0, missing: 1 });
    const { url, sql } = await emptyDatabase();
    expect((await restore(directory, { url })).lost).toBe(1);
    expect(await sql`SELECT FROM customers`).toHaveLength(2);
  });

  it('leaves out an attachment whose content was damaged', async () => {
    const { directory } = await backUp(await withData(), storeWith('abd'));
    const { url } = await emptyDatabase();
    expect((await restore(directory, { url })).lost).toBe(1);
    await expect(readFile(join(folder, 'restored', stored))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('a backup is refused, and nothing changes,', () => {
  it('when it is not complete and undamaged, or a newer version wrote it', async () => {
    const { directory } = await backUp(await withData());
    const { url, sql } = await emptyDatabase();
    for (const [index, [damage, message]] of damages.entries()) {
      const damaged = join(folder, `damaged-${index}`);
      await cp(directory, damaged, { recursive: true });
      await damage(damaged);
      await expect(restore(damaged, { url })).rejects.toThrow(message);
      expect(await sql`SELECT FROM pg_tables WHERE schemaname = 'public'`).toHaveLength(0);
    }
  });

  it('when it is interrupted before it has begun to load', async () => {
    const { directory } = await backUp(await withData());
    const { url, sql } = await emptyDatabase();
    const restoring = restoreBackup({
      directory,
      target: { url },
      store: emptyStore(),
      signal: AbortSignal.abort(),
    });
    await expect(restoring).rejects.toThrow('Interrupted.');
    expect(await sql`SELECT FROM pg_tables WHERE schemaname = 'public'`).toHaveLength(0);
  });

  it('when the database is in use', async () => {
    const source = await withData();
    const { directory } = await backUp(source);
    const before = await digestTables(open(source).sql);
    await expect(restore(directory, source)).rejects.toThrow('This database is in use');
    expect(await digestTables(open(source).sql)).toEqual(before);
  });

  it('when rows cannot be loaded; the next attempt succeeds', async () => {
    const source = await withData();
    const { directory } = await backUp(source);
    const { url, sql } = await emptyDatabase();
    await migrate({ url });
    await sql.unsafe(`
      CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no more'; END $$;
      CREATE TRIGGER fail BEFORE INSERT ON files EXECUTE FUNCTION fail()`);
    await expect(restore(directory, { url })).rejects.toThrow('no more');
    expect(await sql`SELECT FROM customers`).toHaveLength(0);
    await sql.unsafe('DROP TRIGGER fail ON files; DROP FUNCTION fail');
    await restore(directory, { url });
    expect(await digestTables(sql)).toEqual(await digestTables(open(source).sql));
  });
});

describe('writing a backup', () => {
  it('does not touch a directory that has something in it', async () => {
    const directory = join(folder, 'backup');
    await mkdir(directory);
    await writeFile(join(directory, 'mine'), '');
    await expect(backUp(await withData())).rejects.toThrow('is not empty');
    expect(await readdir(directory)).toEqual(['mine']);
  });

  it('leaves nothing behind when it fails', async () => {
    const source = await withData();
    const failing = {
      ...(await storeWith('abc')),
      read: () => Promise.reject(new Error('the bucket is away')),
    };
    await expect(backUp(source, Promise.resolve(failing))).rejects.toThrow('the bucket is away');
    expect(await readdir(folder)).not.toContain('backup');
  });

  it('fails, and leaves nothing behind, when its connection is cut', async () => {
    const source = await withData();
    const { sql } = open(source);
    const holding = open(source);
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    // The backup waits for this table in the middle of its work.
    const lock = holding.sql.begin(async (tx) => {
      await tx`LOCK TABLE messages`;
      await held;
    });
    const outcome = expect(backUp(source)).rejects.toThrow(/terminat/);
    const waits = () => sql`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE 'COPY%messages%' AND wait_event_type = 'Lock'`;
    await expect.poll(waits).toHaveLength(1);
    await outcome;
    release();
    await lock;
    expect(await readdir(folder)).not.toContain('backup');
  });

  it.each([
    [backupName, 'does not count', 0],
    ['psql', 'counts', expect.toSatisfy((seconds) => seconds > 0)],
  ])('as the longest transaction, one of %s %s', async (applicationName, _counts, seconds) => {
    const target = await withData();
    const other = openDatabase(target, { maxConnections: 1, applicationName });
    cleanups.push(() => other.close());
    await other.sql.begin(async (tx) => {
      await tx`SELECT pg_sleep(0.01)`;
      const measured = await measureHealth(open(target), 'Broadcast', () => {});
      expect(measured['database.transaction']).toEqual(seconds);
    });
  });

  it('refuses a database of another version', async () => {
    const source = await withData();
    await open(source).sql`DROP TABLE statistics`;
    await expect(backUp(source)).rejects.toThrow('belongs to another version');
  });
});

/** What happens to a backup, and what the person who restores it reads. */
const damages: [(directory: string) => Promise<void>, string][] = [
  [(directory) => rm(join(directory, 'manifest.json')), 'is not a complete backup'],
  [(directory) => writeFile(join(directory, 'manifest.json'), '{"format": 1'), 'cannot be read'],
  [(directory) => change(directory, 'format', 2), 'a newer version wrote it'],
  [(directory) => change(directory, 'migrations', ['newer']), 'written by a newer version'],
  [flipBit, 'customers.copy.gz does not match'],
  [(directory) => rm(join(directory, customers)), 'customers.copy.gz does not match'],
];

const customers = 'tables/public.customers.copy.gz';

/** Changes a field of the manifest. */
async function change(directory: string, field: string, to: unknown): Promise<void> {
  const file = join(directory, 'manifest.json');
  const manifest = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...manifest, [field]: to }));
}

async function flipBit(directory: string): Promise<void> {
  const bytes = await readFile(join(directory, customers));
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  await writeFile(join(directory, customers), bytes);
}

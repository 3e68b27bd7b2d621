import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { FileStore } from '../attachments/file-store.ts';
import { digestOf } from '../attachments/files.ts';
import type { DatabaseTarget } from '../db/database-target.ts';
import { errorCode } from '../db/error-code.ts';
import { migrate, migrateTo } from '../db/migrate.ts';
import { onConnection } from './connection.ts';
import {
  attachmentsFolder,
  BackupError,
  type Manifest,
  readBackup,
  type StoredTable,
  tableFile,
} from './manifest.ts';
import { listStoredFiles } from './stored-files.ts';
import { copyTarget, listMigrations, quoteTable } from './tables.ts';

/** What to restore, and where to. */
export interface RestoreOptions {
  readonly directory: string;
  readonly target: DatabaseTarget;
  /** Where the attachments go. */
  readonly store: FileStore;
  /** Aborted to give up: the database stays empty. */
  readonly signal?: AbortSignal;
}

/** What was restored. */
export interface Restored {
  readonly manifest: Manifest;
  /** Attachments of messages that the backup does not have, or has damaged. */
  readonly lost: number;
}

/**
 * Restores a backup into a database on which no server has run, in one transaction: the same rows, and an epoch of
 * its own, so that clients do not take its positions for those of the log that was replaced. Then it is migrated to
 * this version.
 *
 * @throws BackupError if the backup is incomplete or damaged, or the database is in use.
 * @throws DatabaseUnusableError if the backup is of a newer version. No data has changed in any of these cases.
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { directory, target, signal } = options;
  return onConnection(target, signal, async (client) => {
    await requireUnused(client);
    const manifest = await readBackup(directory, signal);
    await migrateTo(target, manifest.migrations);
    if ((await listMigrations(client)).length !== manifest.migrations.length) {
      throw new BackupError('A newer version has set up this database already. Restore into an empty one.');
    }
    await client.query('BEGIN');
    const lost = await load(client, options, manifest);
    await client.query('COMMIT');
    await migrate(target);
    await client.query('ANALYZE');
    return { manifest, lost };
  });
}

/** Replaces all rows. @returns how many attachments are lost. */
async function load(client: pg.ClientBase, options: RestoreOptions, manifest: Manifest): Promise<number> {
  await client.query(`TRUNCATE ${manifest.tables.map(quoteTable).join(', ')}`);
  for (const table of manifest.tables) await loadTable(client, options.directory, table);
  for (const { schema, name, value } of manifest.sequences) {
    await client.query("SELECT setval(format('%I.%I', $1::text, $2::text)::regclass, $3)", [
      schema,
      name,
      value,
    ]);
  }
  await client.query('UPDATE log_epoch SET epoch = gen_random_uuid(), timeline = NULL');
  await releaseJobs(client);
  return manifest.attachments ? loadAttachments(client, options) : 0;
}

async function requireUnused(client: pg.ClientBase): Promise<void> {
  const { rows: tables } = await client.query(
    "SELECT to_regclass('public.apps') IS NOT NULL AND to_regclass('public.events') IS NOT NULL AS exist",
  );
  if (!tables[0].exist) return;
  const { rows } = await client.query(
    'SELECT EXISTS (SELECT FROM apps) OR EXISTS (SELECT FROM agents) OR EXISTS (SELECT FROM events) AS used',
  );
  if (!rows[0].used) return;
  throw new BackupError(
    'This database is in use: a restore would replace its data. Set DATA_DIR to a new directory, or DATABASE_URL to an empty database.',
  );
}

async function loadTable(client: pg.ClientBase, directory: string, table: StoredTable): Promise<void> {
  const rows = client.query(copyFrom(`COPY ${copyTarget(table)} FROM STDIN`));
  await pipeline(createReadStream(join(directory, tableFile(table))), createGunzip(), rows);
  if (rows.rowCount === table.rows) return;
  throw new Error(`${rows.rowCount} of ${table.rows} rows of ${table.name} were loaded.`);
}

/** The processes that have locked jobs are not those of this database. */
async function releaseJobs(client: pg.ClientBase): Promise<void> {
  for (const table of ['_private_jobs', '_private_job_queues']) {
    await client.query(
      `UPDATE graphile_worker.${table} SET locked_at = NULL, locked_by = NULL WHERE locked_at IS NOT NULL`,
    );
  }
}

async function loadAttachments(
  client: pg.ClientBase,
  { directory, store, signal }: RestoreOptions,
): Promise<number> {
  let lost = 0;
  for await (const { name, digest, isUsed } of listStoredFiles(client)) {
    signal?.throwIfAborted();
    const content = await readIfThere(join(directory, attachmentsFolder, name));
    if (content && digestOf(content) === digest) await store.put(name, content);
    else if (isUsed) lost += 1;
  }
  return lost;
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type pg from 'pg';
import { type CopyToStreamQuery, to as copyTo } from 'pg-copy-streams';
import type { FileStore } from '../attachments/file-store.ts';
import type { DatabaseTarget } from '../db/database-target.ts';
import { holdMigrationLock } from '../db/migration-lock.ts';
import { onConnection } from './connection.ts';
import {
  attachmentsFolder,
  BackupError,
  type Manifest,
  type StoredTable,
  tableFile,
  writeManifest,
} from './manifest.ts';
import { listStoredFiles } from './stored-files.ts';
import { copyTarget, listMigrations, listSequences, listTables, type Table } from './tables.ts';

/** What to back up, and where to. */
export interface BackupOptions {
  readonly target: DatabaseTarget;
  /** Where the attachments are; `null` leaves them out. */
  readonly store: FileStore | null;
  /** It must not exist, or be empty. */
  readonly directory: string;
  /** Aborted to give up. */
  readonly signal?: AbortSignal;
}

/**
 * Writes the database and the attachments to a directory, while the server goes on: all tables as they were at one
 * instant. Only migrations wait until it has finished. If it fails, what it has written is deleted.
 *
 * @throws BackupError if the directory is in use, the database belongs to another version, or it was aborted.
 */
export async function writeBackup(options: BackupOptions): Promise<Manifest> {
  const { target, directory, signal } = options;
  await createDirectory(directory);
  try {
    const manifest = await onConnection(target, signal, (client) => writeContents(client, options));
    await writeManifest(directory, manifest);
    return manifest;
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

async function writeContents(client: pg.ClientBase, options: BackupOptions): Promise<Manifest> {
  // The snapshot is taken by the first statement of the transaction, when no migration is under way any more.
  await holdMigrationLock(client, 'shared');
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const tables = await listTables(client);
  const written: WrittenTable[] = [];
  for (const table of tables) written.push(await writeTable(client, options.directory, table));
  const attachments = options.store && (await writeAttachments(client, options.store, options));
  return {
    format: 1,
    createdAt: new Date().toISOString(),
    migrations: await listMigrations(client),
    tables: written.map(({ rows, ...table }) => ({ ...table, rows: rows() })),
    // Not part of the snapshot, but read after it: they are never behind the rows.
    sequences: await listSequences(client, tables),
    attachments,
  };
}

async function createDirectory(directory: string): Promise<void> {
  await mkdir(dirname(directory), { recursive: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if ((await readdir(directory)).length > 0) {
    throw new BackupError(`${directory} is not empty. Name a directory that does not exist yet.`);
  }
  await mkdir(join(directory, 'tables'), { mode: 0o700 });
}

type WrittenTable = Omit<StoredTable, 'rows'> & { readonly rows: () => number };

async function writeTable(client: pg.ClientBase, directory: string, table: Table): Promise<WrittenTable> {
  const rows: CopyToStreamQuery = client.query(copyTo(`COPY ${copyTarget(table)} TO STDOUT`));
  const hash = createHash('sha256');
  let bytes = 0;
  await pipeline(
    rows,
    // The fastest level: the others take several times as long and save a tenth.
    createGzip({ level: 1 }),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        bytes += chunk.length;
        yield chunk;
      }
    },
    createWriteStream(join(directory, tableFile(table)), { flags: 'wx', mode: 0o600, flush: true }),
  );
  const { schema, name, columns } = table;
  // PostgreSQL reports the number of rows after the last one, so it is read once the next statement has ended.
  return {
    schema,
    name,
    columns,
    bytes,
    sha256: hash.digest('hex'),
    rows: () => rows.rowCount,
  };
}

async function writeAttachments(
  client: pg.ClientBase,
  store: FileStore,
  { directory, signal }: BackupOptions,
): Promise<NonNullable<Manifest['attachments']>> {
  const total = { files: 0, bytes: 0, missing: 0 };
  for await (const { name, isUsed } of listStoredFiles(client)) {
    signal?.throwIfAborted();
    const content = await store.read(name);
    if (!content) {
      if (isUsed) total.missing += 1;
      continue;
    }
    const path = join(directory, attachmentsFolder, name);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true });
    await pipeline(content, file);
    total.files += 1;
    total.bytes += file.bytesWritten;
  }
  return total;
}

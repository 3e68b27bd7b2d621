import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { errorCode } from '../db/error-code.ts';

/** A backup that cannot be written or restored. The message tells the operator what to do. */
export class BackupError extends Error {
  override name = 'BackupError';
}

const name = z.string().regex(/^[a-z0-9_]+$/);
const count = z.number().int().nonnegative();

const schema = z.enum(['public', 'graphile_worker']);

const storedTableSchema = z.object({
  schema,
  name,
  columns: z.array(z.string().min(1)).min(1),
  rows: count,
  /** Of the compressed file. */
  bytes: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const manifestSchema = z.object({
  format: z.literal(1),
  createdAt: z.iso.datetime(),
  /** The hashes of the migrations of the database, in order. */
  migrations: z.array(z.string()).min(1),
  /** In an order in which no row refers to a later table. */
  tables: z.array(storedTableSchema),
  /** The last values of the sequences; numbers that JavaScript may not hold exactly. */
  sequences: z.array(z.object({ schema, name, value: z.string().regex(/^\d+$/) })),
  /** `null` if the backup was written without them; missing ones were not in their store. */
  attachments: z.object({ files: count, bytes: count, missing: count }).nullable(),
});

/** A table in a backup. */
export type StoredTable = z.infer<typeof storedTableSchema>;

/** What a backup contains. It is written last: a backup without it was interrupted. */
export type Manifest = z.infer<typeof manifestSchema>;

/** The file with a table's rows, in PostgreSQL's text format for COPY, compressed with gzip. */
export function tableFile({ schema, name }: Pick<StoredTable, 'schema' | 'name'>): string {
  return join('tables', `${schema}.${name}.copy.gz`);
}

/** The folder with the attachments, each named as in its store. */
export const attachmentsFolder = 'attachments';

/** Completes the backup in a directory. */
export async function writeManifest(directory: string, manifest: Manifest): Promise<void> {
  const unfinished = join(directory, 'manifest.json.unfinished');
  await writeFile(unfinished, `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600, flush: true });
  await rename(unfinished, join(directory, 'manifest.json'));
}

/**
 * Reads the manifest of a backup, and checks its tables.
 *
 * @throws BackupError if it is not complete and undamaged, or an AbortError.
 */
export async function readBackup(directory: string, signal?: AbortSignal): Promise<Manifest> {
  const manifest = await readManifest(directory);
  for (const table of manifest.tables) {
    const file = join(directory, tableFile(table));
    if ((await digestOfFile(file, signal)) !== table.sha256) {
      throw new BackupError(
        `The backup is damaged: the checksum of ${file} does not match. Use another backup.`,
      );
    }
  }
  return manifest;
}

async function readManifest(directory: string): Promise<Manifest> {
  const file = join(directory, 'manifest.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if (errorCode(cause) !== 'ENOENT' && errorCode(cause) !== 'ENOTDIR') throw cause;
    throw new BackupError(
      `${directory} is not a complete backup: it has no manifest.json, which is written last. Use another backup.`,
      { cause },
    );
  }
  const parsed = manifestSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new BackupError(
    `${file} cannot be read. It is damaged, or a newer version wrote it: restore with that version.`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: refused like JSON of another shape.
    return undefined;
  }
}

async function digestOfFile(file: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(file, { signal }), hash);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  return hash.digest('hex');
}

import { createHash, randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  type Attachment,
  type AttachmentInput,
  cutText,
  type MessageContent,
  ProblemError,
} from '@mevrik/protocol';
import { type AppDirectory, requireApp } from '../apps/app-directory.ts';
import type { PooledSql } from '../db/database.ts';
import type { Sql } from '../db/sql.ts';
import type { FileAddresses } from './file-address.ts';
import { hasMessage } from './file-claims.ts';
import type { ByteRange, FileStore } from './file-store.ts';
import { attachmentTypeOf, detectContentType, isAllowed } from './file-type.ts';

/** A file to store. */
export interface NewFile {
  readonly appId: number;
  /** Who uploads it, such as `customer 12` or `staff`; only they can attach it to a message. */
  readonly by: string;
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A stored file, ready to be downloaded. */
export interface OpenedFile {
  readonly name: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  read(range?: ByteRange): Promise<Readable | undefined>;
}

/** The files of messages. */
export interface Files {
  /** Maximum file size in bytes. */
  readonly maxBytes: number;
  /**
   * Stores an uploaded file. It is deleted after a day unless it was attached to a message.
   *
   * @throws ProblemError `too_large` or `file_type_not_allowed`.
   */
  storeUpload(file: NewFile): Promise<Attachment>;
  /**
   * Stores a file received through a channel; a copy is stored once. It is deleted after a day unless it was claimed with
   * `claimFiles`.
   *
   * @throws ProblemError as `storeUpload`.
   */
  storeForChannel(file: NewFile): Promise<Attachment>;
  /**
   * Resolves the attachments of a new message, in the transaction that stores it.
   *
   * @throws ProblemError `invalid_input` for an unknown file or one that another person uploaded.
   */
  claim(
    sql: Sql,
    owner: Pick<NewFile, 'appId' | 'by'>,
    given: readonly AttachmentInput[],
  ): Promise<Attachment[]>;
  /** A message's content with file URLs that are valid now. */
  sign(content: MessageContent): MessageContent;
  /** Opens a stored file; `undefined` if it does not exist. */
  open(id: string): Promise<OpenedFile | undefined>;
  /** Reads a whole file. @throws Error if it does not exist. */
  read(id: string): Promise<Buffer>;
  /** Deletes files that no message has had for a day. @returns how many. */
  deleteUnused(): Promise<number>;
}

interface Row {
  readonly id: string;
  readonly app_id: number;
  readonly name: string;
  readonly content_type: string;
  readonly size_bytes: number;
}

/** The maximum number of unused files deleted at once. */
const deleteLimit = 500;
/** A sweep ends after so many files that could not be deleted. */
const maxFailures = 3;

/** The dependencies of the files of messages. */
export interface FilesDeps {
  readonly sql: PooledSql;
  readonly apps: AppDirectory;
  readonly store: FileStore;
  readonly addresses: FileAddresses;
  /** Maximum file size in bytes. */
  readonly maxBytes: number;
}

/** Creates the files of a database and a store. */
export function createFiles(deps: FilesDeps): Files {
  const { addresses, maxBytes } = deps;
  return {
    maxBytes,
    open: (id) => openFile(deps, id),
    async storeUpload(file) {
      return save(deps, file, await check(deps, file));
    },
    async storeForChannel(file) {
      const contentType = await check(deps, file);
      return (await reuseCopy(deps, file)) ?? save(deps, file, contentType);
    },
    claim: (tx, owner, given) => claim(deps, tx, owner, given),
    sign(content) {
      if (!content.attachments?.some(({ fileId }) => fileId !== undefined)) return content;
      const attachments = content.attachments.map((one) =>
        one.fileId === undefined
          ? one
          : { ...one, url: addresses.of({ id: one.fileId, name: one.name ?? 'file' }) },
      );
      return { ...content, attachments };
    },
    async read(id) {
      const stream = await (await openFile(deps, id))?.read();
      if (!stream) throw new Error('The file no longer exists.');
      return buffer(stream);
    },
    deleteUnused: () => deleteUnused(deps),
  };
}

/** The name of a file in the store. */
export function storeNameOf({ id, app_id }: { readonly id: string; readonly app_id: number }): string {
  return `${app_id}/${id}`;
}

function toAttachment(
  { addresses }: FilesDeps,
  { id, name, content_type: contentType, size_bytes: sizeBytes }: Row,
): Attachment {
  const url = addresses.of({ id, name });
  return { type: attachmentTypeOf(contentType), url, fileId: id, name, contentType, sizeBytes };
}

/** Checks the size and type of a file. @returns its media type. @throws ProblemError if it is not allowed. */
async function check({ apps, maxBytes }: FilesDeps, { appId, bytes }: NewFile): Promise<string> {
  if (bytes.length === 0) throw new ProblemError('invalid_input', 'The file is empty.');
  if (bytes.length > maxBytes) {
    throw new ProblemError(
      'too_large',
      `The file is too large. The limit is ${(maxBytes / 1_000_000).toFixed(1)} MB.`,
    );
  }
  const contentType = await detectContentType(bytes);
  const { settings } = await requireApp(apps, appId);
  if (isAllowed(contentType, settings.attachments.types)) return contentType;
  throw new ProblemError('file_type_not_allowed', `Files of the type ${contentType} are not allowed.`);
}

/**
 * The copy of a file that was received before. An unused one can be claimed for another day. Storing it may have been
 * interrupted, so its content is stored again.
 */
async function reuseCopy(
  deps: FilesDeps,
  { appId, by, name, bytes }: NewFile,
): Promise<Attachment | undefined> {
  const [known] = await deps.sql<(Row & { is_used: boolean })[]>`
    UPDATE files SET created_at = CASE WHEN used_at IS NULL THEN now() ELSE created_at END
    WHERE id = (SELECT id FROM files
                WHERE app_id = ${appId} AND digest = ${digestOf(bytes)} AND uploaded_by = ${by}
                  AND name = ${cleanName(name)}
                ORDER BY used_at LIMIT 1)
    RETURNING id, app_id, name, content_type, size_bytes, used_at IS NOT NULL AS is_used`;
  if (!known) return undefined;
  if (!known.is_used) await deps.store.put(storeNameOf(known), bytes);
  return toAttachment(deps, known);
}

async function save(deps: FilesDeps, file: NewFile, contentType: string): Promise<Attachment> {
  const { sql, store } = deps;
  const { appId, by, bytes } = file;
  const id = randomUUID();
  // The row is inserted first, so that an interrupted upload is found and deleted.
  const [row] = await sql<Row[]>`
    INSERT INTO files (id, app_id, uploaded_by, name, content_type, size_bytes, digest)
    VALUES (${id}, ${appId}, ${by}, ${cleanName(file.name)}, ${contentType}, ${bytes.length}, ${digestOf(bytes)})
    RETURNING id, app_id, name, content_type, size_bytes`;
  if (!row) throw new Error('The file was not stored.');
  await store.put(storeNameOf(row), bytes);
  return toAttachment(deps, row);
}

async function openFile({ sql, store }: FilesDeps, id: string): Promise<OpenedFile | undefined> {
  const [row] = await sql<Row[]>`
    SELECT id, app_id, name, content_type, size_bytes FROM files WHERE id = ${id}`;
  if (!row) return undefined;
  const { name, content_type: contentType, size_bytes: sizeBytes } = row;
  return { name, contentType, sizeBytes, read: (range) => store.read(storeNameOf(row), range) };
}

async function claim(
  deps: FilesDeps,
  tx: Sql,
  { appId, by }: Pick<NewFile, 'appId' | 'by'>,
  given: readonly AttachmentInput[],
): Promise<Attachment[]> {
  const attachments: Attachment[] = [];
  for (const [index, one] of given.entries()) {
    if (!('fileId' in one)) {
      attachments.push(one);
      continue;
    }
    const [row] = await tx<Row[]>`
      UPDATE files SET used_at = coalesce(used_at, now())
      WHERE id = ${one.fileId} AND app_id = ${appId} AND uploaded_by = ${by}
      RETURNING id, app_id, name, content_type, size_bytes`;
    if (!row) throw unknownFile(index);
    attachments.push(toAttachment(deps, row));
  }
  return attachments;
}

async function deleteUnused({ sql, store }: FilesDeps): Promise<number> {
  const isOld = (tx: Sql) => tx`used_at IS NULL AND created_at < now() - interval '1 day'`;
  const unused = await sql<Row[]>`
    SELECT id, app_id, name, content_type, size_bytes FROM files
    WHERE ${isOld(sql)} ORDER BY created_at LIMIT ${deleteLimit}`;
  const failures: unknown[] = [];
  for (const row of unused) {
    try {
      await sql.begin(async (tx) => {
        // Not if it has been attached to a message or received again in the meantime, nor if a message has it that was
        // stored meanwhile.
        const deleted = await tx`
          DELETE FROM files WHERE id = ${row.id} AND ${isOld(tx)} AND NOT ${hasMessage(tx)} RETURNING id`;
        // The record goes only with the content: if this fails or the process dies, the file is found again.
        if (deleted.length > 0) await store.remove(storeNameOf(row));
      });
    } catch (error) {
      failures.push(error);
      // One file keeps none of the others; a store that is away is not asked five hundred times.
      if (failures.length >= maxFailures) break;
    }
  }
  if (failures.length > 0) throw failures[0];
  return unused.length;
}

/** SHA-256 of a file's content, in hexadecimal digits. */
export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The last segment of a path, without characters that cannot be stored or displayed. */
function cleanName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? '';
  const clean = last.replace(/[\p{Cc}\p{Cf}\p{Surrogate}]/gu, '').trim();
  return clean === '' || clean === '.' || clean === '..' ? 'file' : cutText(clean, 255);
}

function unknownFile(index: number): ProblemError {
  return new ProblemError('invalid_input', 'File not found. Upload it again.', {
    fields: [{ path: `attachments.${index}.fileId`, message: 'is not a file that you uploaded' }],
  });
}

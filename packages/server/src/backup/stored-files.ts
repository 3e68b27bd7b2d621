import type pg from 'pg';
import { segmentName } from '../archive/segment-file.ts';
import { storeNameOf } from '../attachments/files.ts';

/** A file in the file store, as the database knows it. */
export interface StoredFile {
  /** Its name in the store. */
  readonly name: string;
  /** SHA-256 of its content. */
  readonly digest: string;
  /** Whether it belongs to a message or the archive. An upload that does not may still be under way. */
  readonly isUsed: boolean;
}

const pageSize = 1_000;

/** All files that the database knows: attachments, page by page, and the archive of the log. */
export async function* listStoredFiles(client: pg.ClientBase): AsyncGenerator<StoredFile> {
  yield* listAttachments(client);
  yield* listSegments(client);
}

async function* listAttachments(client: pg.ClientBase): AsyncGenerator<StoredFile> {
  let after: string | null = null;
  for (;;) {
    const { rows }: { rows: { id: string; app_id: number; digest: string; is_used: boolean }[] } =
      await client.query(
        `SELECT id, app_id, digest, used_at IS NOT NULL AS is_used FROM files
         WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT ${pageSize}`,
        [after],
      );
    for (const row of rows) yield { name: storeNameOf(row), digest: row.digest, isUsed: row.is_used };
    const last = rows.at(-1);
    if (!last || rows.length < pageSize) return;
    after = last.id;
  }
}

async function* listSegments(client: pg.ClientBase): AsyncGenerator<StoredFile> {
  const { rows } = await client.query<{ app_id: number; id: number; digest: string; is_used: boolean }>(
    `SELECT app_id, id::float8, digest, status <> 'writing' AS is_used FROM event_segments ORDER BY id`,
  );
  for (const { app_id: appId, id, digest, is_used: isUsed } of rows) {
    yield { name: segmentName({ appId, id }), digest, isUsed };
  }
}

import type pg from 'pg';
import { storeNameOf } from '../attachments/files.ts';

/** A file of the attachments, as the database knows it. */
export interface StoredFile {
  /** Its name in the store. */
  readonly name: string;
  /** SHA-256 of its content. */
  readonly digest: string;
  /** Whether it belongs to a message. An upload that does not may still be under way. */
  readonly isUsed: boolean;
}

const pageSize = 1_000;

/** All files that the database knows, page by page. */
export async function* listStoredFiles(client: pg.ClientBase): AsyncGenerator<StoredFile> {
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

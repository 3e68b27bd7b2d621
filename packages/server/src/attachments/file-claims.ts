import type { MessageContent } from '@mevrik/protocol';
import type { Sql } from '../db/sql.ts';

/** The stored files that a message refers to. */
export function fileIdsOf({ attachments = [] }: MessageContent): readonly string[] {
  return attachments.flatMap(({ fileId }) => (fileId === undefined ? [] : [fileId]));
}

/**
 * Marks files of a channel as used, in the transaction that stores their message or hands it to the log: unused files are
 * deleted after a day.
 *
 * @returns whether all of them still exist.
 */
export async function claimFiles(tx: Sql, ids: readonly string[]): Promise<boolean> {
  const existing = await lockFiles(tx, ids);
  if (existing.length === 0) return ids.length === 0;
  await tx`UPDATE files SET used_at = now() WHERE id = ANY (${existing}::uuid[]) AND used_at IS NULL`;
  return existing.length === new Set(ids).size;
}

/**
 * Marks files as unused that no message has any more, as after an upload: they are deleted a day later. An identical file
 * of a channel is stored once, so that several messages may have it.
 */
export async function releaseFiles(tx: Sql, ids: readonly string[]): Promise<void> {
  // The message of a transaction that claimed them meanwhile is visible to the next statement.
  const existing = await lockFiles(tx, ids);
  if (existing.length === 0) return;
  await tx`
    UPDATE files SET used_at = NULL, created_at = now()
    WHERE id = ANY (${existing}::uuid[]) AND NOT ${hasMessage(tx)}`;
}

/** Whether a message has the file of a row of `files`. */
export function hasMessage(sql: Sql) {
  return sql`EXISTS (
    SELECT FROM messages WHERE content ? 'attachments'
      AND content -> 'attachments' @> jsonb_build_array(jsonb_build_object('fileId', files.id::text)))`;
}

/** Locks files in the order of their ids, so that those who share some cannot deadlock. @returns those that exist. */
async function lockFiles(tx: Sql, ids: readonly string[]): Promise<readonly string[]> {
  if (ids.length === 0) return [];
  const rows = await tx<{ id: string }[]>`
    SELECT id FROM files WHERE id = ANY (${ids}::uuid[]) ORDER BY id FOR UPDATE`;
  return rows.map(({ id }) => id);
}

import type { PooledSql } from '../db/database.ts';
import type { Sql } from '../db/sql.ts';
import { lockOldEvents } from '../log/lock-old-events.ts';

/** Events per transaction, so that none holds locks for long. */
const eventsAtOnce = 1_000;

/** How many events before one are compared with it. */
const nearby = 100;

/** Which events to remove from the log. */
export interface Removal {
  readonly appId: number;
  /** The last id to remove; from the oldest on. */
  readonly upTo: string;
  /** Keeps events that come right after one with such an id, or a later one: the clock of their node is behind. */
  readonly unlessAfter: string;
  /** The queued listeners of this version: what one has not handled stays. */
  readonly listeners: readonly string[];
}

/**
 * Removes old events of an app from the log. Those that are still needed stay: not handled by a listener, waiting for a
 * retry or a person, part of a replay, or loaded from the archive.
 */
export async function removeEvents(
  sql: PooledSql,
  { appId, upTo, unlessAfter, listeners }: Removal,
  stopping: AbortSignal,
): Promise<void> {
  for await (const ids of oldEvents(sql, { appId, after: null, upTo }, eventsAtOnce)) {
    if (stopping.aborted) return;
    const old = await sql<{ id: string }[]>`
      SELECT id FROM events
      WHERE id = ANY (${ids}::uuid[])
        AND NOT EXISTS (SELECT FROM (
          SELECT id FROM events AS earlier
          WHERE earlier.partition = events.partition AND earlier."offset" < events."offset"
          ORDER BY earlier."offset" DESC LIMIT ${nearby}) AS near WHERE near.id >= ${unlessAfter})`;
    await removeByIds(sql, toIds(old), listeners, stopping);
  }
}

/** The ids of an app's events in the log, in order, in sets. */
export async function* oldEvents(
  sql: Sql,
  range: { readonly appId: number; readonly after: string | null; readonly upTo: string },
  atOnce: number,
): AsyncGenerator<readonly string[]> {
  let after = range.after;
  while (true) {
    const ids: readonly string[] = toIds(
      await sql<{ id: string }[]>`
        SELECT id FROM events
        WHERE app_id = ${range.appId} AND id <= ${range.upTo} AND (${after}::uuid IS NULL OR id > ${after}::uuid)
        ORDER BY id LIMIT ${atOnce}`,
    );
    after = ids.at(-1) ?? null;
    if (after === null) return;
    yield ids;
  }
}

/** Removes events from the log, unless they are still needed. */
export async function removeByIds(
  sql: PooledSql,
  ids: readonly string[],
  listeners: readonly string[],
  stopping: AbortSignal,
): Promise<void> {
  for (let start = 0; start < ids.length && !stopping.aborted; start += eventsAtOnce) {
    const set = ids.slice(start, start + eventsAtOnce);
    await sql.begin((tx) => removeUnneeded(tx, set, listeners));
  }
}

/** Those of some events that are not needed in the log any more, in order. */
export async function findUnneeded(
  sql: Sql,
  ids: readonly string[],
  listeners: readonly string[],
): Promise<readonly { readonly id: string; readonly partition: number; readonly offset: number }[]> {
  return sql<{ id: string; partition: number; offset: number }[]>`
    SELECT id, partition, "offset" FROM events
    WHERE id = ANY (${ids}::uuid[])
      AND NOT EXISTS (SELECT FROM parked_events WHERE event_id = events.id)
      AND NOT EXISTS (SELECT FROM replay_entries WHERE replay_entries.event_id = events.id)
      AND NOT EXISTS (SELECT FROM checkpoints
                      WHERE checkpoints.partition = events.partition AND subscription = ANY (${listeners})
                        AND checkpoints."offset" < events."offset")
      AND NOT EXISTS (SELECT FROM app_checkpoints
                      WHERE app_checkpoints.partition = events.partition AND app_checkpoints.app_id = events.app_id
                        AND subscription = ANY (${listeners})
                        AND app_checkpoints."offset" < events."offset")
      AND NOT EXISTS (SELECT FROM event_segments
                      WHERE event_segments.app_id = events.app_id AND first_id <= events.id AND last_id >= events.id
                        AND status IN ('loading', 'loaded') AND loaded_until > now())
    ORDER BY id`;
}

async function removeUnneeded(tx: Sql, ids: readonly string[], listeners: readonly string[]): Promise<void> {
  // A replay that begins sees either all of its events, or none of those that are removed here.
  await lockOldEvents(tx, 'alone');
  const unneeded = await findUnneeded(tx, ids, listeners);
  if (unneeded.length === 0) return;
  const newest = new Map<number, number>();
  for (const { partition, offset } of unneeded) {
    newest.set(partition, Math.max(offset, newest.get(partition) ?? 0));
  }
  await tx`
    INSERT INTO trimmed_partitions (partition, "offset")
    SELECT * FROM unnest(${[...newest.keys()]}::int[], ${[...newest.values()]}::bigint[])
    ON CONFLICT (partition) DO UPDATE SET "offset" = greatest(trimmed_partitions."offset", excluded."offset")`;
  await tx`DELETE FROM events WHERE id = ANY (${toIds(unneeded)}::uuid[])`;
}

function toIds(rows: readonly { readonly id: string }[]): readonly string[] {
  return rows.map(({ id }) => id);
}

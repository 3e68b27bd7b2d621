import type { PooledSql } from '../db/database.ts';
import type { Sql } from '../db/sql.ts';
import { firstIdAt } from '../log/event-ids.ts';
import { lockOldEvents } from '../log/lock-old-events.ts';

/** Events per transaction, so that none holds locks for long. */
const eventsAtOnce = 1_000;

/** Which events to remove from the log. */
export interface Removal {
  readonly appId: number;
  /** The first id to remove; from the oldest on if absent. */
  readonly from?: string;
  /** The last id to remove. */
  readonly upTo: string;
  /** The queued listeners of this version: what one has not handled stays. */
  readonly listeners: readonly string[];
}

/**
 * Removes old events of an app from the log. Those that are still needed stay: not handled by a listener, waiting for a
 * retry or a person, part of a replay, or loaded from the archive.
 *
 * @returns how many were removed.
 */
export async function removeEvents(
  sql: PooledSql,
  { appId, from, upTo, listeners }: Removal,
  stopping: AbortSignal,
): Promise<number> {
  let after: string | null = null;
  let removed = 0;
  while (!stopping.aborted) {
    const oldest: { id: string }[] = await sql<{ id: string }[]>`
      SELECT id FROM events
      WHERE app_id = ${appId} AND id >= ${from ?? firstIdAt(0)} AND id <= ${upTo}
        AND (${after}::uuid IS NULL OR id > ${after}::uuid)
      ORDER BY id LIMIT ${eventsAtOnce}`;
    const ids = oldest.map(({ id }) => id);
    after = ids.at(-1) ?? null;
    if (after === null) break;
    removed += await sql.begin((tx) => removeUnneeded(tx, ids, listeners));
  }
  return removed;
}

async function removeUnneeded(
  tx: Sql,
  ids: readonly string[],
  listeners: readonly string[],
): Promise<number> {
  // A replay that begins sees either all of its events, or none of those that are removed here.
  await lockOldEvents(tx, 'alone');
  const unneeded = await tx<{ id: string; partition: number; offset: number }[]>`
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
                        AND status IN ('loading', 'loaded') AND loaded_until > now())`;
  if (unneeded.length === 0) return 0;
  const newest = new Map<number, number>();
  for (const { partition, offset } of unneeded) {
    newest.set(partition, Math.max(offset, newest.get(partition) ?? 0));
  }
  const gone = unneeded.map(({ id }) => id);
  await tx`
    INSERT INTO trimmed_partitions (partition, "offset")
    SELECT * FROM unnest(${[...newest.keys()]}::int[], ${[...newest.values()]}::bigint[])
    ON CONFLICT (partition) DO UPDATE SET "offset" = greatest(trimmed_partitions."offset", excluded."offset")`;
  await tx`DELETE FROM events WHERE id = ANY (${gone}::uuid[])`;
  return gone.length;
}

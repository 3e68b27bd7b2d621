import type { Sql, Statement } from '../db/sql.ts';

/** After so many unexpected ends of a partition's owners in a row, one of its events is suspected. */
const suspectedAfter = 2;

/** After more ends than these during its attempts, an event is not attempted again: fewer may be a coincidence. */
const endsAllowed = 2;

/** An owner that has kept a partition for this long is not ended by its events. */
export const calmAfterMs = 60_000;

/** An event that a listener attempts. */
export interface Attempt {
  readonly partition: number;
  readonly subscription: string;
  readonly offset: number;
}

/** Whether an event may end the process that handles it. */
export interface Suspicion {
  /** How often the process ended while this event was attempted. */
  readonly ends: number;
  /** Whether its last attempt was left by another node, of which it is not known yet whether its process has ended. */
  readonly is_pending: boolean;
  /** Whether attempts are recorded, because the partition's owners have ended unexpectedly. */
  readonly is_watched: boolean;
}

/** What is suspected of a partition's events. */
export interface Suspects {
  /** Whether attempts are recorded, because the partition's owners have ended unexpectedly. */
  readonly isWatched: boolean;
  /** Events that were attempted when the process ended, and are not handled yet. */
  readonly events: readonly Omit<Attempt, 'partition'>[];
}

/**
 * Records that a node owns partitions from now on. If another one owned them, that one ended without releasing them, or lost
 * its connection.
 *
 * @returns whether there are attempts of other nodes to judge.
 */
export async function recordOwner(sql: Sql, node: string, partitions: readonly number[]): Promise<boolean> {
  const attempts = await sql<{ is_left: boolean }[]>`
    WITH taken AS (
      INSERT INTO partition_owners (partition, node)
      SELECT partition, ${node}::uuid FROM unnest(${partitions}::int[]) AS partition
      ON CONFLICT (partition) DO UPDATE
      SET node = excluded.node,
          unexpected_ends = partition_owners.unexpected_ends
            + CASE WHEN partition_owners.node <> excluded.node THEN 1 ELSE 0 END
    )
    UPDATE suspected_events SET taken_at = CASE WHEN node <> ${node} THEN coalesce(taken_at, now()) END
    WHERE partition = ANY(${partitions}) AND node IS NOT NULL
    RETURNING node <> ${node} AS is_left`;
  return attempts.some(({ is_left }) => is_left);
}

/** After so many times the time in which a node is taken for dead, it has ended: a busy one reports again before. */
const endedAfter = 3;

/**
 * Judges attempts that other nodes have left: a node that has a heartbeat since then lives, and has only lost its
 * partitions. One without has ended, which counts against the event.
 *
 * @returns whether some are not judged yet.
 */
export async function judgeAttempts(
  sql: Sql,
  node: string,
  partitions: readonly number[],
  deadAfterMs: number,
): Promise<boolean> {
  const [row] = await sql<{ pending: boolean }[]>`
    WITH attempts AS (
      SELECT partition, subscription, "offset", heartbeat_at > taken_at AS has_lived,
             taken_at < now() - ${endedAfter * deadAfterMs} * interval '1 millisecond'
               AND coalesce(heartbeat_at <= taken_at, true) AS has_ended
      FROM suspected_events LEFT JOIN nodes ON nodes.id = node
      WHERE partition = ANY(${partitions}) AND node <> ${node}
    ), judged AS (
      UPDATE suspected_events AS suspected
      SET node = NULL, taken_at = NULL, ends = ends + CASE WHEN has_ended THEN 1 ELSE 0 END
      FROM attempts
      WHERE (suspected.partition, suspected.subscription, suspected."offset")
          = (attempts.partition, attempts.subscription, attempts."offset")
        AND (has_ended OR has_lived)
    )
    SELECT EXISTS (SELECT FROM attempts WHERE NOT (has_ended OR coalesce(has_lived, false))) AS pending`;
  return row?.pending ?? false;
}

/** Records that a node has released partitions. */
export async function recordRelease(sql: Sql, node: string, partitions: readonly number[]): Promise<void> {
  await sql`
    UPDATE partition_owners SET node = NULL
    WHERE partition = ANY(${partitions}) AND node = ${node}`;
}

/** Clears partitions that a node has kept long enough of suspicion, and forgets their events that are handled. */
export async function clearSuspicion(sql: Sql, node: string, partitions: readonly number[]): Promise<void> {
  await sql`
    WITH cleared AS (
      UPDATE partition_owners SET unexpected_ends = 0
      WHERE partition = ANY(${partitions}) AND node = ${node} AND unexpected_ends > 0
    )
    DELETE FROM suspected_events AS suspected
    WHERE partition = ANY(${partitions}) AND ${isHandled(sql)}
      AND NOT EXISTS (SELECT FROM parked_events
                      WHERE (parked_events.partition, parked_events.subscription, parked_events."offset")
                        = (suspected.partition, suspected.subscription, suspected."offset"))
      AND NOT EXISTS (SELECT FROM replay_entries
                      WHERE (replay_entries.partition, replay_entries.subscription, replay_entries."offset")
                        = (suspected.partition, suspected.subscription, suspected."offset")
                        AND status = 'waiting')`;
}

const isHandled = (sql: Sql) => sql`
  EXISTS (SELECT FROM checkpoints
          WHERE checkpoints.partition = suspected.partition AND checkpoints.subscription = suspected.subscription
            AND checkpoints."offset" >= suspected."offset")`;

/** Reads what is suspected of the events of partitions, without those that are parked. */
export async function readSuspects(
  sql: Sql,
  partitions: readonly number[],
): Promise<ReadonlyMap<number, Suspects>> {
  const watched = await sql<{ partition: number }[]>`
    SELECT partition FROM partition_owners
    WHERE partition = ANY(${partitions}) AND unexpected_ends >= ${suspectedAfter}`;
  const events = await sql<Attempt[]>`
    SELECT partition, subscription, "offset" FROM suspected_events AS suspected
    WHERE partition = ANY(${partitions}) AND (ends > 0 OR taken_at IS NOT NULL) AND NOT ${isHandled(sql)}`;
  const found = new Set([...watched, ...events].map(({ partition }) => partition));
  return new Map(
    [...found].map((partition) => [
      partition,
      {
        isWatched: watched.some((one) => one.partition === partition),
        events: events.filter((one) => one.partition === partition),
      },
    ]),
  );
}

const isHead = (sql: Sql) => sql`
  (suspected.partition, suspected.subscription, suspected."offset")
    = (heads.partition, heads.subscription, heads."offset")`;

/** The columns of `Suspicion`, for events of `heads` with their partition, subscription and offset. */
export const suspicionColumns = (sql: Sql): Statement => sql`
  coalesce((SELECT ends FROM suspected_events AS suspected WHERE ${isHead(sql)}), 0) AS ends,
  EXISTS (SELECT FROM suspected_events AS suspected
          WHERE ${isHead(sql)} AND taken_at IS NOT NULL) AS is_pending,
  EXISTS (SELECT FROM partition_owners
          WHERE partition_owners.partition = heads.partition
            AND unexpected_ends >= ${suspectedAfter}) AS is_watched`;

/** Records that a node attempts an event, so that its end during the attempt is noticed. */
export async function recordAttempt(
  sql: Sql,
  node: string,
  { partition, subscription, offset }: Attempt,
): Promise<void> {
  await sql`
    INSERT INTO suspected_events (partition, subscription, "offset", node)
    VALUES (${partition}, ${subscription}, ${offset}, ${node})
    ON CONFLICT (partition, subscription, "offset") DO UPDATE SET node = excluded.node, taken_at = NULL`;
}

/** Records that an attempt has ended, and the process has not. */
export async function recordAttemptEnd(
  sql: Sql,
  node: string,
  { partition, subscription, offset }: Attempt,
): Promise<void> {
  await sql`
    DELETE FROM suspected_events
    WHERE partition = ${partition} AND subscription = ${subscription} AND "offset" = ${offset} AND node = ${node}`;
}

/** Whether the process has ended so often while an event was attempted that it is not attempted again. */
export const hasEndedTooOften = ({ ends }: Suspicion): boolean => ends > endsAllowed;

/** Whether attempts of an event are recorded. */
export const isRecorded = ({ ends, is_watched }: Suspicion): boolean => is_watched || ends > 0;

/** Records that an event became a dead letter because of ended processes: after a person's retry, one more end is enough. */
export async function recordVerdict(sql: Sql, { partition, subscription, offset }: Attempt): Promise<void> {
  await sql`
    UPDATE suspected_events SET ends = ${endsAllowed}
    WHERE partition = ${partition} AND subscription = ${subscription} AND "offset" = ${offset}`;
}

import type { Sql, Statement } from '../db/sql.ts';

/** After so many unexpected ends of a partition's owners in a row, one of its events is suspected. */
const suspectedAfter = 2;

/** An owner that has kept a partition for this long is not ended by its events. */
export const calmAfterMs = 60_000;

/** An event that a listener attempts. */
export interface Attempt {
  readonly partition: number;
  readonly subscription: string;
  readonly offset: number;
}

/** Whether events may end the process that handles them. */
export interface Suspicion {
  /** How often the process ended while this event was attempted. */
  readonly ends: number;
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
 * Records that a node owns partitions from now on. If it finds them owned by another, that one ended without releasing
 * them, and so did its attempts.
 */
export async function recordOwner(sql: Sql, node: string, partitions: readonly number[]): Promise<void> {
  await sql`
    WITH ended AS (
      UPDATE suspected_events SET ends = ends + 1, node = NULL
      WHERE partition = ANY(${partitions}) AND node <> ${node}
    )
    INSERT INTO partition_owners (partition, node)
    SELECT partition, ${node}::uuid FROM unnest(${partitions}::int[]) AS partition
    ON CONFLICT (partition) DO UPDATE
    SET node = excluded.node,
        unexpected_ends = partition_owners.unexpected_ends
          + CASE WHEN partition_owners.node <> excluded.node THEN 1 ELSE 0 END`;
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
    WHERE partition = ANY(${partitions}) AND ends > 0 AND NOT ${isHandled(sql)}`;
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

/** The columns of `Suspicion`, for events of `heads` with their partition, subscription and offset. */
export const suspicionColumns = (sql: Sql): Statement => sql`
  coalesce((SELECT ends FROM suspected_events AS suspected
            WHERE (suspected.partition, suspected.subscription, suspected."offset")
              = (heads.partition, heads.subscription, heads."offset")), 0) AS ends,
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
    ON CONFLICT (partition, subscription, "offset") DO UPDATE SET node = excluded.node`;
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

/** Records that an event became a dead letter because of ended processes: after a person's retry, one more end is enough. */
export async function recordVerdict(sql: Sql, { partition, subscription, offset }: Attempt): Promise<void> {
  await sql`
    UPDATE suspected_events SET ends = 1
    WHERE partition = ${partition} AND subscription = ${subscription} AND "offset" = ${offset}`;
}

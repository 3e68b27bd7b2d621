import type { Database } from '../../db/database.ts';
import type { AttemptFailure } from '../../db/schema.ts';
import type { Sql } from '../../db/sql.ts';
import { isSkipped, type Outcome } from '../handle.ts';
import type { Retry } from '../listener-retry.ts';
import { type Suspicion, suspicionColumns } from '../suspects.ts';

/** The next event of a key that a listener handles again. */
export interface ReplayHead extends Suspicion {
  readonly replay_id: number;
  readonly subscription: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly attempts: number;
  readonly failures: readonly AttemptFailure[];
  readonly due: boolean;
}

/**
 * The first waiting entry of each key of these listeners in these partitions: older replays come first. Those of apps for
 * which their listener is paused wait.
 */
export async function replayHeads(
  sql: Sql,
  partitions: readonly number[],
  subscriptions: readonly string[],
  limit: number,
): Promise<readonly ReplayHead[]> {
  return sql<ReplayHead[]>`
    SELECT heads.*, ${suspicionColumns(sql)} FROM (
      SELECT DISTINCT ON (partition, subscription, key) replay_id, subscription, partition, "offset", key, attempts,
             failures, retry_at <= now() AS due
      FROM replay_entries
      WHERE partition = ANY(${partitions}) AND subscription = ANY(${subscriptions}) AND status = 'waiting'
        AND NOT ${isPaused(sql)}
      ORDER BY partition, subscription, key, replay_id, "offset"
    ) AS heads ORDER BY due DESC, replay_id, "offset" LIMIT ${limit}`;
}

/** The first waiting entry of one listener and key; none while the listener is paused for its app. */
export async function replayHead(
  sql: Sql,
  { partition, subscription, key }: ReplayHead,
): Promise<ReplayHead | undefined> {
  const [head] = await sql<ReplayHead[]>`
    SELECT heads.*, ${suspicionColumns(sql)} FROM (
      SELECT replay_id, subscription, partition, "offset", key, attempts, failures, retry_at <= now() AS due
      FROM replay_entries
      WHERE partition = ${partition} AND subscription = ${subscription} AND key = ${key} AND status = 'waiting'
        AND NOT ${isPaused(sql)}
      ORDER BY replay_id, "offset" LIMIT 1
    ) AS heads`;
  return head;
}

/**
 * Marks an entry inside the transaction that handles its event.
 * @returns false if another node has handled it, or it was cancelled, in the meantime.
 */
export async function finishEntry(sql: Sql, head: ReplayHead): Promise<boolean> {
  const finished = await sql`
    UPDATE replay_entries SET status = 'done', attempts = attempts + 1, finished_at = now()
    WHERE ${sameEntry(sql, head)}`;
  return finished.count === 1;
}

/** Stores the outcome of an entry that was just marked: its duration, or that the condition skipped it. */
export async function recordOutcome(sql: Sql, head: ReplayHead, outcome: Outcome): Promise<void> {
  await sql`
    UPDATE replay_entries
    SET status = ${isSkipped(outcome) ? 'skipped' : 'done'}, duration_us = ${Math.max(0, outcome.durationUs)}
    WHERE replay_id = ${head.replay_id} AND partition = ${head.partition}
      AND subscription = ${head.subscription} AND "offset" = ${head.offset}`;
}

/** Marks a dead entry as done after its dead letter was retried successfully. */
export async function resolveEntry(
  sql: Sql,
  at: Pick<ReplayHead, 'replay_id' | 'partition' | 'subscription' | 'offset'>,
  outcome: Outcome,
): Promise<void> {
  await sql`
    UPDATE replay_entries
    SET status = ${isSkipped(outcome) ? 'skipped' : 'done'}, duration_us = ${Math.max(0, outcome.durationUs)},
        attempts = attempts + 1, finished_at = now()
    WHERE replay_id = ${at.replay_id} AND partition = ${at.partition}
      AND subscription = ${at.subscription} AND "offset" = ${at.offset} AND status = 'dead'`;
}

/** Records a failed attempt. Without a further one the event becomes a dead letter of its listener. */
export async function failEntry(
  { sql }: Database,
  head: ReplayHead,
  failure: AttemptFailure,
  { retryInMs, isCounted }: Retry,
): Promise<void> {
  await sql.begin(async (tx) => {
    const failures = JSON.stringify(isCounted ? [...head.failures, failure] : head.failures);
    const failed = await tx`
      UPDATE replay_entries
      SET attempts = attempts + ${isCounted ? 1 : 0}, failures = ${failures}::jsonb,
          status = ${retryInMs === null ? 'dead' : 'waiting'},
          finished_at = CASE WHEN ${retryInMs === null} THEN now() END,
          retry_at = now() + ${retryInMs ?? 0} * interval '1 millisecond'
      WHERE ${sameEntry(tx, head)}`;
    if (failed.count === 0 || retryInMs !== null) return;
    await tx`
      INSERT INTO parked_events (subscription, partition, "offset", event_id, type, key, app_id, status, attempts,
                                 last_error, failures, replay_id)
      SELECT ${head.subscription}, partition, "offset", id, type, key, app_id, 'dead', ${head.attempts + 1}::int,
             ${failure.error}, ${failures}::jsonb, ${head.replay_id}::bigint
      FROM events WHERE partition = ${head.partition} AND "offset" = ${head.offset}
      ON CONFLICT DO NOTHING`;
  });
}

const isPaused = (sql: Sql) => sql`
  EXISTS (SELECT FROM paused_apps
          WHERE paused_apps.subscription = replay_entries.subscription
            AND paused_apps.app_id = replay_entries.app_id)`;

function sameEntry(sql: Sql, head: ReplayHead) {
  return sql`
    replay_id = ${head.replay_id} AND partition = ${head.partition} AND subscription = ${head.subscription}
    AND "offset" = ${head.offset} AND attempts = ${head.attempts} AND status = 'waiting'`;
}

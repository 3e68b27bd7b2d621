import type { Event } from '@mevrik/protocol';
import type { AttemptFailure } from '../db/schema.ts';
import type { Sql } from '../db/sql.ts';
import { timeoutErrorName } from './errors.ts';
import type { Retry } from './listener-retry.ts';
import { type Suspicion, suspicionColumns } from './suspects.ts';

/** Parks events behind an earlier failure of their keys, without an attempt. */
export async function parkInTransaction(
  sql: Sql,
  subscription: string,
  events: readonly Event[],
): Promise<void> {
  const rows = events.map((event) => parkedRow(subscription, event));
  await sql`
    INSERT INTO parked_events (subscription, partition, "offset", event_id, type, key, app_id, status)
    SELECT subscription, partition, "offset", event_id, type, key, app_id, 'waiting'
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      AS row (subscription text, partition int, "offset" bigint, event_id uuid, type text, key text, app_id int)`;
}

/** Parks the event that failed, or was slow. */
export async function parkFailed(
  sql: Sql,
  subscription: string,
  event: Event,
  failure: AttemptFailure,
  { retryInMs, isCounted }: Retry,
): Promise<void> {
  await sql`
    INSERT INTO parked_events (subscription, partition, "offset", event_id, type, key, app_id, status,
                               attempts, retry_at, last_error, failures)
    VALUES (${subscription}, ${event.partition}, ${event.offset}, ${event.id}, ${event.type}, ${event.key},
            ${event.appId}, ${retryInMs === null ? 'dead' : 'waiting'}, ${isCounted ? 1 : 0},
            now() + ${retryInMs ?? 0} * interval '1 millisecond', ${failure.error},
            ${JSON.stringify(isCounted ? [failure] : [])}::jsonb)`;
}

/** The first parked event of a key that blocks it. */
export interface ParkedHead extends Suspicion {
  readonly subscription: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly status: 'waiting' | 'dead';
  readonly attempts: number;
  readonly failures: readonly AttemptFailure[];
  readonly edited_data: unknown;
  /** The replay in which it failed; `null` for a live event. */
  readonly replay_id: number | null;
  readonly due: boolean;
  readonly app_id: number;
  readonly parked_for_ms: number;
  /** Its last attempt ran out of time: it is retried apart from those that fail quickly. */
  readonly is_slow: boolean;
}

const headColumns = (sql: Sql) => sql`
  subscription, partition, "offset", key, status, attempts, failures, edited_data, replay_id, app_id,
  retry_at <= now() AS due, (extract(epoch FROM now() - parked_at) * 1000)::float8 AS parked_for_ms,
  coalesce(last_error LIKE ${`${timeoutErrorName}:%`}, false) AS is_slow`;

/**
 * The first event of each parked key in these partitions, those due for the longest time first. A dead letter blocks its
 * key only for subscriptions that hold; the others skip it.
 */
export async function parkedHeads(
  sql: Sql,
  partitions: readonly number[],
  holding: readonly string[],
): Promise<readonly ParkedHead[]> {
  return sql<ParkedHead[]>`
    SELECT heads.*, ${suspicionColumns(sql)} FROM (
      SELECT DISTINCT ON (subscription, key) ${headColumns(sql)}, retry_at
      FROM parked_events
      WHERE partition = ANY(${partitions})
        AND (status = 'waiting' OR subscription = ANY(${holding}))
      ORDER BY subscription, key, "offset"
    ) AS heads ORDER BY retry_at`;
}

/** The first parked event of one key, if any still blocks it. */
export async function parkedHead(
  sql: Sql,
  subscription: string,
  key: string,
  holds: boolean,
): Promise<ParkedHead | undefined> {
  const [head] = await sql<ParkedHead[]>`
    SELECT heads.*, ${suspicionColumns(sql)} FROM (
      SELECT ${headColumns(sql)} FROM parked_events
      WHERE subscription = ${subscription} AND key = ${key} AND (status = 'waiting' OR ${holds})
      ORDER BY "offset" LIMIT 1
    ) AS heads`;
  return head;
}

/**
 * Deletes a parked event inside the transaction that handles it.
 * @returns false if another node has handled it in the meantime.
 */
export async function claimParked(sql: Sql, head: ParkedHead): Promise<boolean> {
  const claimed = await sql`
    DELETE FROM parked_events
    WHERE partition = ${head.partition} AND subscription = ${head.subscription}
      AND "offset" = ${head.offset} AND attempts = ${head.attempts} AND status = 'waiting'`;
  return claimed.count === 1;
}

/** Records a failed attempt. */
export async function recordFailure(
  sql: Sql,
  head: ParkedHead,
  failure: AttemptFailure,
  { retryInMs, isCounted }: Retry,
): Promise<void> {
  await sql`
    UPDATE parked_events
    SET attempts = attempts + ${isCounted ? 1 : 0}, last_error = ${failure.error},
        failures = failures || ${JSON.stringify(isCounted ? [failure] : [])}::jsonb,
        status = ${retryInMs === null ? 'dead' : 'waiting'},
        retry_at = now() + ${retryInMs ?? 0} * interval '1 millisecond'
    WHERE partition = ${head.partition} AND subscription = ${head.subscription}
      AND "offset" = ${head.offset} AND attempts = ${head.attempts} AND status = 'waiting'`;
}

/** How many parked and dead events an app has at a subscription, counted up to a limit; without those of replays. */
export async function countParked(
  sql: Sql,
  {
    subscription,
    appId,
    limit,
  }: { readonly subscription: string; readonly appId: number; readonly limit: number },
): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM (
      SELECT FROM parked_events
      WHERE subscription = ${subscription} AND app_id = ${appId} AND replay_id IS NULL LIMIT ${limit}
    ) AS counted`;
  return row?.count ?? 0;
}

function parkedRow(subscription: string, event: Event) {
  return {
    subscription,
    partition: event.partition,
    offset: event.offset,
    event_id: event.id,
    type: event.type,
    key: event.key,
    app_id: event.appId,
  };
}

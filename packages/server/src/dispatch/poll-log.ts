import type { Sql } from '../db/sql.ts';

/** What a node has to know about the log every second. */
export interface LogPoll {
  /** For which apps each listener is paused. */
  readonly paused: ReadonlyMap<string, ReadonlySet<number>>;
  /** The newest offset of each partition asked for. */
  readonly heads: ReadonlyMap<number, number>;
  /**
   * The number of unhandled events, summed over all partitions for the slowest of the listeners; without those of apps
   * for which it was paused.
   */
  readonly lag: number;
  /** Whether a parked event of these partitions is due. */
  readonly hasDueRetries: boolean;
  /** Whether a replay has events left to handle in these partitions. */
  readonly hasReplays: boolean;
}

/** Reads all of it in one statement: one a second per node, on every database. */
export async function pollLog(
  sql: Sql,
  partitions: readonly number[],
  listeners: readonly string[],
): Promise<LogPoll> {
  const [row] = await sql<
    {
      paused: PausedRows;
      heads: [number, number][];
      lag: number;
      has_due_retries: boolean;
      has_replays: boolean;
    }[]
  >`
    SELECT
      ${pausedApps(sql)} AS paused,
      (SELECT coalesce(jsonb_agg(jsonb_build_array(partition, head)), '[]')
       FROM log_partitions WHERE partition = ANY(${partitions})) AS heads,
      (SELECT coalesce(sum(head - slowest), 0)::bigint
       FROM log_partitions JOIN (
         SELECT partition, min("offset") AS slowest
         FROM checkpoints WHERE subscription = ANY(${listeners}) GROUP BY partition
       ) AS positions USING (partition)) AS lag,
      EXISTS (
        SELECT FROM parked_events
        WHERE partition = ANY(${partitions}) AND status = 'waiting' AND retry_at <= now()) AS has_due_retries,
      EXISTS (
        SELECT FROM replay_entries WHERE partition = ANY(${partitions}) AND status = 'waiting') AS has_replays`;
  const { paused = [], heads = [], lag = 0, has_due_retries = false, has_replays = false } = row ?? {};
  return {
    paused: toPaused(paused),
    heads: new Map(heads),
    lag,
    hasDueRetries: has_due_retries,
    hasReplays: has_replays,
  };
}

/** Reads for which apps each listener is paused. */
export async function readPaused(sql: Sql): Promise<LogPoll['paused']> {
  const [row] = await sql<{ paused: PausedRows }[]>`SELECT ${pausedApps(sql)} AS paused`;
  return toPaused(row?.paused ?? []);
}

type PausedRows = readonly (readonly [string, readonly number[]])[];

const pausedApps = (sql: Sql) => sql`
  (SELECT coalesce(jsonb_agg(jsonb_build_array(subscription, apps)), '[]')
   FROM (SELECT subscription, jsonb_agg(app_id) AS apps FROM paused_apps GROUP BY subscription) AS paused)`;

function toPaused(rows: PausedRows): LogPoll['paused'] {
  return new Map(rows.map(([listener, apps]) => [listener, new Set(apps)]));
}

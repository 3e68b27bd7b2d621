import type { HealthChange, ObservedPeriod } from '@mevrik/protocol';
import type { Reader } from '../db/database.ts';
import { backupName } from '../db/database-target.ts';
import { type Measured, observationGapSeconds } from '../domain/health.ts';

/** A node without a heartbeat for longer than this counts as gone: see docs/decisions/0013-partition-ownership.md. */
const nodeGoneSeconds = 10;

/**
 * Measures the four parts as far as the database knows them.
 *
 * @param onError called with the error of each failed measurement, whose values are `null`: a health check must not fail
 *   itself.
 */
export async function measureHealth(
  { sql }: Reader,
  broadcastSubscription: string,
  onError: (error: unknown) => void,
): Promise<Measured> {
  const attempt = async (measure: () => Promise<Measured>, measures: readonly string[]) =>
    measure().catch((error: unknown): Measured => {
      onError(error);
      return Object.fromEntries(measures.map((name) => [name, null]));
    });
  // First and alone, so that the other measurements do not slow it down.
  const response = await attempt(() => measureResponse(sql), ['database.answer']);
  const [events, channels, jobs, connections] = await Promise.all([
    attempt(() => measureEvents(sql, broadcastSubscription), ['events.lag', 'events.age']),
    attempt(() => measureChannels(sql, broadcastSubscription), ['channels.broadcast-age']),
    attempt(() => measureJobs(sql), ['jobs.age']),
    attempt(() => measureConnections(sql), ['database.connections']),
  ]);
  return { ...events, ...channels, ...jobs, ...response, ...connections };
}

type Sql = Reader['sql'];

async function measureResponse(sql: Sql): Promise<Measured> {
  const startedAt = performance.now();
  await sql`SELECT 1`;
  return { 'database.answer': performance.now() - startedAt };
}

async function measureEvents(sql: Sql, broadcastSubscription: string): Promise<Measured> {
  const [row] = await sql<{ lag: number; age: number; paused: number; dead: number; unowned: number }[]>`
    WITH behind AS (
      SELECT checkpoints.subscription, checkpoints.partition, checkpoints."offset",
             head - checkpoints."offset" AS lag
      FROM checkpoints JOIN log_partitions USING (partition)
      WHERE checkpoints.subscription <> ${broadcastSubscription} AND head > checkpoints."offset"
    ), catching_up AS (
      SELECT (SELECT occurred_at FROM events
              WHERE events.partition = own.partition AND events."offset" > own."offset"
                AND events."offset" <= own."offset" + 1000 AND events.app_id = own.app_id
              ORDER BY events."offset" LIMIT 1)
      FROM app_checkpoints AS own
      WHERE NOT EXISTS (SELECT FROM paused_apps
                        WHERE paused_apps.subscription = own.subscription AND paused_apps.app_id = own.app_id)
    )
    SELECT coalesce((SELECT max(sum) FROM (SELECT sum(lag) FROM behind GROUP BY subscription) AS each), 0)::int AS lag,
           greatest((SELECT extract(epoch FROM now() - min(occurred_at)) FROM behind
                     JOIN events ON events.partition = behind.partition
                       AND events."offset" = behind."offset" + 1),
                    (SELECT extract(epoch FROM now() - min(occurred_at)) FROM catching_up), 0)::float8 AS age,
           (SELECT count(DISTINCT subscription)::int FROM paused_apps) AS paused,
           (SELECT count(*)::int FROM parked_events WHERE status = 'dead') AS dead,
           (SELECT CASE WHEN count(*) = 0 THEN 100 ELSE 0 END FROM nodes
            WHERE heartbeat_at > now() - ${nodeGoneSeconds} * interval '1 second') AS unowned`;
  return {
    'events.lag': row?.lag ?? 0,
    'events.age': Math.max(0, row?.age ?? 0),
    'events.paused': row?.paused ?? 0,
    'events.dead': row?.dead ?? 0,
    'events.unowned': row?.unowned ?? 0,
  };
}

async function measureChannels(sql: Sql, broadcastSubscription: string): Promise<Measured> {
  const [row] = await sql<{ age: number; down: number }[]>`
    SELECT coalesce((SELECT extract(epoch FROM now() - min(occurred_at))
                     FROM checkpoints JOIN log_partitions USING (partition)
                     JOIN events ON events.partition = checkpoints.partition
                       AND events."offset" = checkpoints."offset" + 1
                     WHERE subscription = ${broadcastSubscription} AND head > checkpoints."offset"), 0)::float8 AS age,
           (SELECT count(*)::int FROM channel_health WHERE is_down) AS down`;
  return { 'channels.broadcast-age': Math.max(0, row?.age ?? 0), 'channels.down': row?.down ?? 0 };
}

async function measureJobs(sql: Sql): Promise<Measured> {
  const [row] = await sql<{ age: number; waiting: number; failed: number }[]>`
    SELECT coalesce(extract(epoch FROM now() - min(run_at) FILTER (WHERE attempts < max_attempts AND run_at <= now()
             AND locked_at IS NULL)), 0)::float8 AS age,
           count(*) FILTER (WHERE attempts < max_attempts AND run_at <= now() AND locked_at IS NULL)::int AS waiting,
           count(*) FILTER (WHERE attempts >= max_attempts AND locked_at IS NULL
             AND updated_at > now() - interval '1 day')::int AS failed
    FROM graphile_worker.jobs`;
  return {
    'jobs.age': row?.age ?? 0,
    'jobs.waiting': row?.waiting ?? 0,
    'jobs.failed': row?.failed ?? 0,
  };
}

async function measureConnections(sql: Sql): Promise<Measured> {
  const [row] = await sql<{ connections: number; transaction: number }[]>`
    SELECT (100.0 * count(*) / current_setting('max_connections')::int)::float8 AS connections,
           coalesce(extract(epoch FROM now() - min(xact_start)
             FILTER (WHERE datname = current_database() AND application_name <> ${backupName})), 0)::float8 AS transaction
    FROM pg_stat_activity WHERE backend_type = 'client backend'`;
  return {
    'database.connections': row?.connections ?? 0,
    'database.transaction': Math.max(0, row?.transaction ?? 0),
  };
}

/** The periods since an instant in which health was observed, oldest first; a current period lasts until now. */
export async function listObserved(
  { sql }: Reader,
  from: string,
  everySeconds: number,
): Promise<ObservedPeriod[]> {
  return sql<ObservedPeriod[]>`
    SELECT greatest(began_at, ${from}::timestamptz) AS "from",
           CASE WHEN looked_at > now() - ${observationGapSeconds(everySeconds)} * interval '1 second'
                THEN greatest(looked_at, now()) ELSE looked_at END AS until
    FROM observed_periods WHERE looked_at > ${from}::timestamptz ORDER BY id DESC LIMIT ${maxRows}`.then(
    (rows) => rows.reverse(),
  );
}

/** The most periods or changes returned. */
const maxRows = 1_000;

/** The health changes since an instant, and the last one of each part before it, oldest first. */
export async function listHealthChanges({ sql }: Reader, from: string): Promise<HealthChange[]> {
  return sql<HealthChange[]>`
    SELECT part, status, reason, at FROM (
      SELECT * FROM (SELECT DISTINCT ON (part) * FROM health_changes WHERE at < ${from}::timestamptz
                     ORDER BY part, id DESC) AS before
      UNION ALL
      SELECT * FROM (SELECT * FROM health_changes WHERE at >= ${from}::timestamptz
                     ORDER BY id DESC LIMIT ${maxRows}) AS after
    ) AS changes ORDER BY at, part`;
}

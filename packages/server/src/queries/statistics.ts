import type { ChartData, ChartPoint, ChartWindow } from '@mevrik/protocol';
import type { Reader } from '../db/database.ts';
import { percentileOf } from '../domain/buckets.ts';

/** The resolution of each window: the rows it is read from, the length of a point, and the number of points. */
const resolutions: Readonly<
  Record<ChartWindow, { readonly step: 'minute' | 'hour'; readonly seconds: number; readonly points: number }>
> = {
  '1h': { step: 'minute', seconds: 60, points: 60 },
  '24h': { step: 'minute', seconds: 900, points: 96 },
  '7d': { step: 'hour', seconds: 7_200, points: 84 },
};

/**
 * Statistics over a window up to now, with every point, including empty ones. Waiting times and satisfaction are those of
 * some apps (`null`: of all); what is counted by the minute is not divided by app.
 */
export async function readCharts(
  { sql }: Reader,
  window: ChartWindow,
  appIds: readonly number[] | null,
): Promise<ChartData> {
  const isVisible = sql`(${appIds}::integer[] IS NULL OR app_id = ANY (${appIds}::integer[]))`;
  const { step, seconds, points } = resolutions[window];
  // The last point is still in progress.
  const last = Math.floor(Date.now() / 1000 / seconds) * seconds;
  const first = last - (points - 1) * seconds;
  const from = new Date(first * 1000).toISOString();
  const pointOf = (column: ReturnType<Reader['sql']>) =>
    sql`((floor(extract(epoch FROM ${column}) / ${seconds}::int) * ${seconds}::int) - ${first}::bigint)::int / ${seconds}::int`;
  const [counts, times, waits, answers] = await Promise.all([
    sql<{ point: number; name: string; label: string; count: number }[]>`
      SELECT ${pointOf(sql`at`)} AS point, name, CASE WHEN name = 'event' THEN label ELSE '' END AS label,
             sum(count)::int AS count
      FROM statistics WHERE step = ${step} AND at >= ${from}::timestamptz AND cardinality(buckets) = 0 GROUP BY 1, 2, 3`,
    sql<{ point: number; name: string; buckets: number[] }[]>`
      SELECT point, name, array_agg(count ORDER BY ordinal) AS buckets FROM (
        SELECT ${pointOf(sql`at`)} AS point, name, ordinal, sum(bucket)::int AS count
        FROM statistics, unnest(buckets) WITH ORDINALITY AS of (bucket, ordinal)
        WHERE step = ${step} AND at >= ${from}::timestamptz GROUP BY 1, 2, 3) AS summed
      GROUP BY 1, 2`,
    sql<{ point: number; accepted: number; p50: number; p95: number }[]>`
      SELECT ${pointOf(sql`assigned_at`)} AS point, count(*)::int AS accepted,
             percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM assigned_at - created_at))::float8 AS p50,
             percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM assigned_at - created_at))::float8 AS p95
      FROM queue_items WHERE assigned_at >= ${from}::timestamptz AND ${isVisible} GROUP BY 1`,
    sql<{ point: number; answers: number; mean: number }[]>`
      SELECT ${pointOf(sql`answered_at`)} AS point, count(*)::int AS answers,
             avg((answer ->> 'score')::int)::float8 AS mean
      FROM csat_surveys WHERE answered_at >= ${from}::timestamptz AND ${isVisible} GROUP BY 1`,
  ]);
  const chart = Array.from({ length: points }, (_, at) =>
    emptyPoint(new Date((first + at * seconds) * 1000)),
  );
  const totals = new Map<string, number>();
  for (const { point, name, label, count } of counts) {
    const one = chart[point];
    if (!one) continue;
    if (name === 'event') {
      one.events[label] = count;
      totals.set(label, (totals.get(label) ?? 0) + count);
    } else if (name === 'failed' || name === 'parked' || name === 'dead') one[name] = count;
  }
  for (const { point, name, buckets } of times) {
    const [p50, p95] = [percentileOf(buckets, 0.5), percentileOf(buckets, 0.95)];
    const one = chart[point];
    if (name === 'age') Object.assign(one ?? {}, { ageP50Ms: p50, ageP95Ms: p95 });
    if (name === 'broadcast') Object.assign(one ?? {}, { broadcastP50Ms: p50, broadcastP95Ms: p95 });
  }
  for (const { point, accepted, p50, p95 } of waits) {
    Object.assign(chart[point] ?? {}, { accepted, waitP50Seconds: p50, waitP95Seconds: p95 });
  }
  for (const { point, answers: csatAnswers, mean: csatMean } of answers) {
    Object.assign(chart[point] ?? {}, { csatAnswers, csatMean });
  }
  const eventNames = [...totals].sort(([, one], [, other]) => other - one).map(([name]) => name);
  return { window, stepSeconds: seconds, eventNames, points: chart };
}

function emptyPoint(at: Date): ChartPoint {
  return {
    at: at.toISOString(),
    events: {},
    ageP50Ms: null,
    ageP95Ms: null,
    broadcastP50Ms: null,
    broadcastP95Ms: null,
    failed: 0,
    parked: 0,
    dead: 0,
    accepted: 0,
    waitP50Seconds: null,
    waitP95Seconds: null,
    csatAnswers: 0,
    csatMean: null,
  };
}

/** The period, in minutes, over which the broadcast delay is measured. */
const recentMinutes = 5;

/** The 95th percentile of the broadcast delay over the last minutes, in milliseconds; 0 without events. */
export async function recentBroadcastP95({ sql }: Reader): Promise<number> {
  const [row] = await sql<{ buckets: number[] | null }[]>`
    SELECT array_agg(count ORDER BY ordinal) AS buckets FROM (
      SELECT ordinal, sum(bucket)::int AS count FROM statistics, unnest(buckets) WITH ORDINALITY AS of (bucket, ordinal)
      WHERE step = 'minute' AND name = 'broadcast' AND at > now() - ${recentMinutes} * interval '1 minute'
      GROUP BY 1) AS summed`;
  return percentileOf(row?.buckets ?? [], 0.95) ?? 0;
}

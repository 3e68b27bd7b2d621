import type { Overview } from '@mevrik/protocol';
import type { Reader } from '../db/database.ts';

/** The state of the desk of some apps (`null`: of all) now, and by hour over the last day. Times are in seconds. */
export async function readOverview({ sql }: Reader, appIds: readonly number[] | null): Promise<Overview> {
  const isVisible = sql`(${appIds}::integer[] IS NULL OR app_id = ANY (${appIds}::integer[]))`;
  const [[now], hours, csat] = await Promise.all([
    sql<Overview['now'][]>`
      SELECT
        (SELECT count(*)::int FROM queue_items WHERE status = 'waiting' AND ${isVisible}) AS waiting,
        (SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::int FROM queue_items
          WHERE status = 'waiting' AND ${isVisible}) AS "longestWaitSeconds",
        (SELECT count(*)::int FROM cases WHERE status = 'open' AND ${isVisible}) AS "openCases",
        (SELECT count(*)::int FROM sessions WHERE status = 'active' AND ${isVisible}) AS "activeSessions",
        (SELECT count(*)::int FROM agents WHERE availability = 'online' AND disabled_at IS NULL
          AND (${appIds}::integer[] IS NULL
               OR id IN (SELECT agent_id FROM agent_apps WHERE ${isVisible}))) AS "agentsOnline",
        (SELECT count(*)::int FROM messages WHERE delivery_status = 'failed'
          AND created_at > now() - interval '1 day' AND ${isVisible}) AS "failedDeliveries"`,
    sql<Overview['hours'][number][]>`
      WITH hours AS (
        SELECT generate_series(date_trunc('hour', now()) - interval '23 hours', date_trunc('hour', now()), '1 hour') AS hour)
      SELECT to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS hour,
        coalesce(m.received, 0)::int AS received, coalesce(m.answered, 0)::int AS answered,
        coalesce(m.failed, 0)::int AS failed,
        w.seconds::int AS "meanWaitSeconds"
      FROM hours
      LEFT JOIN (
        SELECT date_trunc('hour', created_at) AS hour, count(*) FILTER (WHERE NOT is_reply) AS received,
               count(*) FILTER (WHERE is_reply) AS answered,
               count(*) FILTER (WHERE delivery_status = 'failed') AS failed
        FROM messages WHERE created_at > now() - interval '1 day' AND ${isVisible} GROUP BY 1) m USING (hour)
      LEFT JOIN (
        SELECT date_trunc('hour', assigned_at) AS hour, avg(extract(epoch FROM assigned_at - created_at)) AS seconds
        FROM queue_items WHERE assigned_at > now() - interval '1 day' AND ${isVisible} GROUP BY 1) w USING (hour)
      ORDER BY hours.hour`,
    sql<Overview['csat']['scores'][number][]>`
      SELECT (answer->>'score')::int AS score, count(*)::int AS count
      FROM csat_surveys WHERE answered_at > now() - interval '30 days' AND ${isVisible} GROUP BY 1 ORDER BY 1`,
  ]);
  if (!now) throw new Error('The overview query returned no row.');
  const answers = csat.reduce((sum, { count }) => sum + count, 0);
  const mean =
    answers === 0 ? null : csat.reduce((sum, { score, count }) => sum + score * count, 0) / answers;
  return { now, hours, csat: { answers, mean, scores: csat } };
}

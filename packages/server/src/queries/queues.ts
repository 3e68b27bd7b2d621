import type { QueueAgent, QueueOverview, QueueState } from '@mevrik/protocol';
import type { Reader } from '../db/database.ts';

/** The state of the queues of some apps (`null`: of all), and their agents. */
export async function readQueues({ sql }: Reader, appIds: readonly number[] | null): Promise<QueueOverview> {
  const [queues, agents] = await Promise.all([
    sql<QueueState[]>`
      WITH items AS (
        SELECT * FROM queue_items
        WHERE (status IN ('waiting', 'assigned') OR created_at > now() - interval '1 day')
          AND (${appIds}::integer[] IS NULL OR app_id = ANY (${appIds}::integer[]))),
      needed AS (
        SELECT app_id, queue, jsonb_object_agg(skill, count) AS skills
        FROM (SELECT app_id, queue, skill, count(*)::int AS count
              FROM items, jsonb_array_elements_text(items.skills) AS skill
              WHERE status = 'waiting' GROUP BY 1, 2, 3) AS counted
        GROUP BY 1, 2)
      SELECT items.app_id AS "appId", apps.name AS "appName", items.queue,
        count(*) FILTER (WHERE status = 'waiting')::int AS waiting,
        min(items.created_at) FILTER (WHERE status = 'waiting') AS "waitingSince",
        count(*) FILTER (WHERE status = 'assigned')::int AS served,
        count(*) FILTER (WHERE assigned_at > now() - interval '1 day')::int AS accepted,
        count(*) FILTER (WHERE status = 'abandoned')::int AS abandoned,
        (avg(extract(epoch FROM assigned_at - items.created_at))
          FILTER (WHERE assigned_at > now() - interval '1 day'))::int AS "meanWaitSeconds",
        coalesce(needed.skills, '{}') AS skills
      FROM items JOIN apps ON apps.id = items.app_id
      LEFT JOIN needed ON needed.app_id = items.app_id AND needed.queue = items.queue
      GROUP BY items.app_id, apps.name, items.queue, needed.skills
      ORDER BY waiting DESC, apps.name, items.queue
      LIMIT 500`,
    sql<QueueAgent[]>`
      SELECT id, name, availability, skills, capacity,
             (SELECT count(*)::int FROM queue_items
              WHERE assigned_agent_id = agents.id AND status = 'assigned') AS serving
      FROM agents
      WHERE disabled_at IS NULL AND availability <> 'offline'
        AND (${appIds}::integer[] IS NULL OR EXISTS (
          SELECT FROM agent_apps WHERE agent_id = agents.id AND app_id = ANY (${appIds}::integer[])))
      ORDER BY availability = 'online' DESC, name, id
      LIMIT 500`,
  ]);
  return { queues, agents };
}

import type { Database } from '../db/database.ts';
import { broadcastSubscription } from './broadcast-lane.ts';
import type { Subscription } from './subscription.ts';

/**
 * Ensures that each subscription has a row and checkpoints. A new subscription starts at the heads of the
 * partitions, or at their beginnings if its listener says so.
 */
export async function registerSubscriptions(
  database: Database,
  subscriptions: readonly Subscription[],
): Promise<void> {
  const wanted = [
    { name: broadcastSubscription, from: 'now' },
    ...subscriptions.map((one) => ({ name: one.name, from: one.listener.from })),
  ];
  await database.sql.begin(async (sql) => {
    for (const { name, from } of wanted) {
      const created = await sql`INSERT INTO subscriptions (name) VALUES (${name}) ON CONFLICT DO NOTHING`;
      if (created.count === 0) continue;
      await sql`
        INSERT INTO checkpoints (subscription, partition, "offset")
        SELECT ${name}, partition, CASE WHEN ${from} = 'now' THEN head ELSE 0 END FROM log_partitions`;
    }
  });
}

/** The subscriptions paused by an administrator or by the limit of parked events. */
export async function pausedSubscriptions(database: Database): Promise<ReadonlySet<string>> {
  const rows = await database.sql<{ name: string }[]>`SELECT name FROM subscriptions WHERE status = 'paused'`;
  return new Set(rows.map((row) => row.name));
}

/** Pauses a subscription until an administrator resumes it; no events are lost. */
export async function pauseSubscription(database: Database, name: string, reason: string): Promise<void> {
  await database.sql`UPDATE subscriptions SET status = 'paused', pause_reason = ${reason} WHERE name = ${name}`;
}

/** The number of unhandled events, summed over all partitions for the slowest of these subscriptions. */
export async function readLag(database: Database, names: readonly string[]): Promise<number> {
  const [row] = await database.sql<{ lag: number }[]>`
    SELECT coalesce(sum(head - slowest), 0)::bigint AS lag
    FROM log_partitions JOIN (
      SELECT partition, min("offset") AS slowest
      FROM checkpoints JOIN subscriptions ON subscriptions.name = checkpoints.subscription
      WHERE subscription = ANY(${names}) AND status = 'active' GROUP BY partition
    ) AS positions USING (partition)`;
  return row?.lag ?? 0;
}

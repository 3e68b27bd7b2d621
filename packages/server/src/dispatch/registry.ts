import { type Event, isEventName } from '@mevrik/protocol';
import type { Database } from '../db/database.ts';
import type { Sql } from '../db/sql.ts';
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
  const wanted = JSON.stringify([
    { name: broadcastSubscription, from: 'now', events: [] },
    ...subscriptions.map((one) => ({ name: one.name, from: one.listener.from, events: [...one.events] })),
  ]);
  await database.sql.begin(async (sql) => {
    // Nodes that start at the same time would otherwise wait for each other's rows.
    await sql`LOCK TABLE subscriptions IN SHARE ROW EXCLUSIVE MODE`;
    const created = await sql<{ name: string }[]>`
      INSERT INTO subscriptions (name, events)
      SELECT name, events FROM jsonb_to_recordset(${wanted}::jsonb) AS wanted (name text, events text[])
      ON CONFLICT DO NOTHING RETURNING name`;
    if (created.length > 0) {
      await sql`
        INSERT INTO checkpoints (subscription, partition, "offset")
        SELECT name, partition, CASE WHEN "from" = 'now' THEN head ELSE 0 END
        FROM jsonb_to_recordset(${wanted}::jsonb) AS wanted (name text, "from" text) CROSS JOIN log_partitions
        WHERE name = ANY(${created.map(({ name }) => name)})`;
    }
    await sql`
      UPDATE subscriptions SET events = ARRAY(SELECT DISTINCT unnest(subscriptions.events || wanted.events))
      FROM jsonb_to_recordset(${wanted}::jsonb) AS wanted (name text, events text[])
      WHERE subscriptions.name = wanted.name AND NOT subscriptions.events @> wanted.events`;
  });
}

/**
 * The subscriptions of the event types that this version does not know: while versions are mixed, a newer one may have
 * registered them.
 */
export async function subscribersOfUnknown(
  sql: Sql,
  events: readonly Event[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const types = new Set<string>(events.map(({ type }) => type).filter((type) => !isEventName(type)));
  if (types.size === 0) return new Map();
  const rows = await sql<{ type: string; names: string[] }[]>`
    SELECT type, array_agg(name) AS names FROM unnest(${[...types]}::text[]) AS type
    JOIN subscriptions ON type = ANY (events) GROUP BY type`;
  return new Map(rows.map(({ type, names }) => [type, new Set(names)]));
}

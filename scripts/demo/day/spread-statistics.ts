import { setTimeout as delay } from 'node:timers/promises';
import { openDatabase } from '../../../packages/server/src/db/database.ts';
import { readDatabaseUrl } from '../../../packages/server/src/db/database-url.ts';
import { bucketEndsMs } from '../../../packages/server/src/domain/buckets.ts';
import { createStatisticsCounter } from '../../../packages/server/src/observe/statistics-counter.ts';
import { storeStatistics } from '../../../packages/server/src/observe/store-statistics.ts';
import { seededNumbers } from './day-clock.ts';

/** Statistics are stored every few seconds; this is how long to wait for the last ones. */
const patienceMs = 30_000;

type Sql = ReturnType<typeof openDatabase>['sql'];

/**
 * Stretches the time since then, and counts the statistics again in the minutes in which the events are now:
 * each takes one of the measured durations.
 */
export async function spreadStatistics(
  databaseUrl: string,
  since: Date,
  stretch: () => Promise<void>,
): Promise<void> {
  const target = readDatabaseUrl(databaseUrl);
  if (!target) throw new Error('The address of the database cannot be read.');
  const database = openDatabase(target, { maxConnections: 1, applicationName: 'demo' });
  const { sql } = database;
  try {
    const from = since.toISOString();
    await figuresStored(sql, from);
    const measured = await sql<{ name: string; buckets: number[] }[]>`
      WITH gone AS (
        DELETE FROM statistics WHERE at >= date_trunc('hour', ${from}::timestamptz) AND name IN ('event', 'age', 'broadcast')
        RETURNING *
      )
      SELECT name, buckets FROM gone WHERE step = 'minute' AND cardinality(buckets) > 0`;
    await stretch();
    const events = await sql<{ type: string; at: string }[]>`
      SELECT type, occurred_at AS at FROM events ORDER BY occurred_at`;
    const random = seededNumbers(11);
    const [ages, broadcasts] = ['age', 'broadcast'].map((name) => timesIn(measured, name, random));
    let now = 0;
    const counter = createStatisticsCounter(() => now);
    for (const { type, at } of events) {
      const event = [{ type, occurredAt: at }] as never;
      for (const [times, record] of [
        [ages, counter.dispatch.aged],
        [broadcasts, counter.dispatch.broadcast],
      ] as const) {
        now = Date.parse(at) + (times?.[Math.floor(random() * times.length)] ?? 0);
        record(event);
      }
      await storeStatistics(database, counter.take());
    }
  } finally {
    await database.close();
  }
}

async function figuresStored(sql: Sql, from: string): Promise<void> {
  for (const begun = Date.now(); Date.now() - begun < patienceMs; await delay(200)) {
    const [row] = await sql<{ stored: boolean }[]>`
      SELECT (SELECT coalesce(sum(count), 0) FROM statistics
              WHERE step = 'minute' AND name = 'event' AND at >= date_trunc('minute', ${from}::timestamptz))
             >= (SELECT count(*) FROM events WHERE occurred_at >= ${from}::timestamptz) AS stored`;
    if (row?.stored) return;
  }
}

/** As many durations in milliseconds as were counted, each at a random point of its bucket. */
function timesIn(
  statistics: readonly { readonly name: string; readonly buckets: readonly number[] }[],
  name: string,
  random: () => number,
): number[] {
  return statistics
    .filter((statistic) => statistic.name === name)
    .flatMap(({ buckets }) =>
      buckets.flatMap((count, at) => {
        const [low, high] = [bucketEndsMs[at - 1] ?? 0, bucketEndsMs[at] ?? 0];
        return Array.from({ length: count }, () => low + (high - low) * random());
      }),
    );
}

import type { Database } from '../../packages/server/src/db/database.ts';

/** The server's response time for the start of a list. */
export interface QueryTime {
  readonly name: string;
  /** Milliseconds, the median of 21 requests. */
  readonly ms: number;
}

const queries = [
  ['100 conversations of a channel', 'view=all&channel=shop'],
  ['all', 'view=all'],
  ['all, from the middle', 'view=all', 'middle'],
  ['the queue', 'view=queue'],
  ['mine', 'view=mine'],
  ['all, next due first', 'view=all&sort=due'],
  ['overdue', 'view=all&overdue=true'],
  ['a name', 'view=all&search=vera%2042'],
] as const;

/** Requests each of the desk's lists. */
export async function queryTimes(
  url: string,
  token: string,
  { sql }: Database,
): Promise<readonly QueryTime[]> {
  const [middle] = await sql<{ at: string; id: number }[]>`
    SELECT last_activity_at::text AS at, id::int FROM sessions ORDER BY last_activity_at DESC OFFSET 5000 LIMIT 1`;
  const cursor = Buffer.from(`${new Date(middle?.at ?? 0).toISOString()} ${middle?.id}`).toString(
    'base64url',
  );
  const times: QueryTime[] = [];
  for (const [name, query, from] of queries) {
    const address = `${url}/v1/conversations?limit=50&${query}${from ? `&cursor=${cursor}` : ''}`;
    const took: number[] = [];
    for (let round = 0; round < 24; round++) {
      const before = performance.now();
      const response = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
      if (!response.ok) throw new Error(`${address}: ${await response.text()}`);
      await response.arrayBuffer();
      took.push(performance.now() - before);
    }
    const sorted = took.slice(3).toSorted((a, b) => a - b);
    times.push({ name, ms: sorted[10] ?? 0 });
  }
  return times;
}

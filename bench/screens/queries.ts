import type { Database } from '../../packages/server/src/db/database.ts';

/** How long the server takes for the beginning of a list. */
export interface QueryTime {
  readonly name: string;
  /** Milliseconds, of 21 requests the middle one. */
  readonly ms: number;
}

const asked = [
  ['100 conversations of a channel', 'view=all&channel=shop'],
  ['all', 'view=all'],
  ['all, from the middle', 'view=all', 'middle'],
  ['the queue', 'view=queue'],
  ['mine', 'view=mine'],
  ['all, next due first', 'view=all&sort=due'],
  ['overdue', 'view=all&overdue=true'],
  ['a name', 'view=all&search=vera%2042'],
] as const;

/** Asks for each of the desk's lists. */
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
  for (const [name, query, from] of asked) {
    const address = `${url}/v1/conversations?limit=50&${query}${from ? `&cursor=${cursor}` : ''}`;
    const took: number[] = [];
    for (let round = 0; round < 24; round++) {
      const before = performance.now();
      const answer = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
      if (!answer.ok) throw new Error(`${address}: ${await answer.text()}`);
      await answer.arrayBuffer();
      took.push(performance.now() - before);
    }
    const sorted = took.slice(3).toSorted((a, b) => a - b);
    times.push({ name, ms: sorted[10] ?? 0 });
  }
  return times;
}

import { createClient, type WebSocketConstructor } from '@mevrik/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from '../support/dispatch.ts';
import { startTestProduct, type TestProduct, type Visitor } from '../support/product.ts';

let product: TestProduct;
beforeAll(async () => {
  product = await startTestProduct();
  await product.database.sql`UPDATE apps SET settings = '{"welcome": false}'`;
  await product.database.sql`INSERT INTO bots (app_id, kind) VALUES (${product.app.id}, 'none')`;
});
afterAll(() => product.stop());

/** A client of the SDK that shows the messages of its session, and counts when it should load them. */
async function follow({ token, sessionId }: Visitor) {
  const client = createClient({
    url: product.url,
    appKey: product.app.key,
    token,
    WebSocket: WebSocket as unknown as WebSocketConstructor,
  });
  const live: (string | undefined)[] = [];
  let loads = 0;
  const subscription = client.subscribe(`session${sessionId}`);
  subscription.on('message_post', ({ message }) => live.push(message.content.text));
  subscription.when('load', () => {
    loads += 1;
  });
  await subscription.ready();
  return { client, live, loads: () => loads };
}

/** What is left after a fail-over to a replica that had not received what came after these heads. */
async function failOver(
  heads: readonly { readonly partition: number; readonly head: number }[],
): Promise<void> {
  const { sql } = product.database;
  // The promoted server is on a later timeline.
  await sql`UPDATE log_epoch SET timeline = '00000000'`;
  await sql.begin(async (tx) => {
    await tx`SELECT FROM log_epoch FOR UPDATE`;
    const [partitions, offsets] = [heads.map(({ partition }) => partition), heads.map(({ head }) => head)];
    await tx`CREATE TEMPORARY TABLE had ON COMMIT DROP AS
      SELECT * FROM unnest(${partitions}::int[], ${offsets}::bigint[]) AS had (partition, head)`;
    await tx`DELETE FROM events USING had WHERE events.partition = had.partition AND "offset" > had.head`;
    await tx`UPDATE log_partitions SET head = had.head FROM had WHERE log_partitions.partition = had.partition`;
    await tx`UPDATE checkpoints SET "offset" = least("offset", had.head) FROM had
      WHERE checkpoints.partition = had.partition`;
    await tx`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`;
    // The node, or what it still writes about the log that it knew, has reached the new server.
    const waiting = () =>
      sql`
        SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ~ 'UPDATE (checkpoints|log_epoch)'`;
    const isReached = () =>
      waiting().then(
        ({ length }) => length > 0,
        // This test's own second connection was cut, too.
        () => false,
      );
    await eventually(isReached, Boolean);
  });
}

describe('after a fail-over to a database that was behind', () => {
  it('connected clients load their state again, and receive what is written from then on', async () => {
    const visitor = await product.visit();
    const page = await follow(visitor);
    const write = (text: string) =>
      eventually(
        () => visitor.write(text),
        ({ status }) => status === 201,
      );
    await write('one');
    await expect.poll(() => page.live).toEqual(['one']);
    await expect
      .poll(
        () =>
          product.database
            .sql`SELECT FROM checkpoints JOIN log_partitions USING (partition) WHERE "offset" < head`,
      )
      .toHaveLength(0);
    const heads = await product.database.sql<{ partition: number; head: number }[]>`
      SELECT partition, head FROM log_partitions`;
    for (const text of ['two', 'three']) await write(text);
    await expect.poll(() => page.live).toEqual(['one', 'two', 'three']);
    const loads = page.loads();

    await failOver(heads);
    await expect.poll(() => page.loads()).toBeGreaterThan(loads);
    // Their events have the offsets of the lost ones.
    for (const text of ['four', 'five']) await write(text);
    await expect.poll(() => page.live).toEqual(['one', 'two', 'three', 'four', 'five']);
    page.client.disconnect();
  });
});

import {
  type Client,
  createClient,
  createTokenStore,
  MevrikError,
  type WebSocketConstructor,
} from '@mevrik/client';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { noHistory } from '../../packages/server/src/broadcast/bus/history.ts';
import { createRedisBus } from '../../packages/server/src/broadcast/bus/redis-bus.ts';
import { createBroadcastHistory } from '../../packages/server/src/dispatch/broadcast-history.ts';
import { partitionCount, partitionOf } from '../../packages/server/src/log/partition.ts';
import { eventually } from '../support/dispatch.ts';
import { acme, quiet, startGateway } from '../support/gateway.ts';
import { startTestProduct, type TestProduct, type Visitor } from '../support/product.ts';
import { startRedis } from '../support/redis.ts';

let product: TestProduct;
beforeAll(async () => {
  product = await startTestProduct();
  await product.database.sql`UPDATE apps SET settings = '{"welcome": false}'`;
  await product.database.sql`INSERT INTO bots (app_id, kind) VALUES (${product.app.id}, 'none')`;
});
afterAll(() => product.stop());

/**
 * A client of the SDK that shows the messages of its session, and counts when it should load them. It renews its token,
 * which is of the epoch before the fail-over.
 */
async function follow({ token: accessToken, refreshToken, sessionId }: Visitor) {
  const { rest } = createClient({ url: product.url, appKey: product.app.key });
  const { token } = createTokenStore(
    { refresh: rest.visitor.refreshVisit },
    { accessToken, refreshToken, expiresInSeconds: 3600 },
  );
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

/** Whether a message was accepted; it is not while the database is away. */
function isWritten(client: Client, text: string): Promise<boolean> {
  return client.rest.visitor.writeMessage({ text }).then(
    () => true,
    (error: unknown) => {
      if (error instanceof MevrikError) return false;
      throw error;
    },
  );
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
    const write = (text: string) => eventually(() => isWritten(page.client, text), Boolean);
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

  it('a session that has the id of a lost one is resumed in the partition of its own conversation', async () => {
    const { sql } = product.database;
    const { sessionId } = await product.visit();
    const question = { appId: product.app.id, topic: `session${sessionId}` };
    const history = createBroadcastHistory({ sql, maxEvents: 1_000, maxAgeSeconds: 1e9 });
    const partitions = async () => Object.keys((await history.resume(question))?.positions ?? {});
    const [lost] = await partitions();
    const keys = Array.from({ length: 100 }, (_, other) => `${product.app.id}/web:other-${other}`);
    const key = keys.find((one) => String(partitionOf(one, partitionCount)) !== lost) ?? '';
    await sql`UPDATE sessions SET conversation_key = ${key} WHERE id = ${sessionId}`;
    history.forget();
    expect(await partitions()).toEqual([String(partitionOf(key, partitionCount))]);
  });

  it('subscribers receive new events with the positions of lost ones that Redis has kept from their node', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const message = (offset: number) => ({
      appId: acme.id,
      topic: 'messages',
      event: 'message_post',
      payload: {},
      at: [1, offset] as const,
    });
    // The log was at 400, and is at 5 after the fail-over.
    let log = { heads: new Map([[1, 400]]), mark: new Map([[1, 398]]) };
    const read: unknown[] = [];
    const history = {
      ...noHistory,
      heads: async () => log.heads,
      mark: async () => log.mark,
      since: async (mark: unknown) => {
        read.push(mark);
        return [message(5)];
      },
    };
    const bus = createRedisBus({ url: redis.url, log: quiet, history });
    const { gateway, stop } = await startGateway({ bus, history });
    onTestFinished(stop);
    const received: unknown[] = [];
    await expect.poll(() => bus.isConnected()).toBe(true);
    await gateway.tap(
      acme.id,
      { name: 'private-messages', topic: 'messages', kind: 'private', isCache: false, isEncrypted: false },
      (one) => received.push(one.event),
      () => {},
    );
    await bus.catchUp([1]);
    expect(received).toEqual([]);
    log = { heads: new Map([[1, 5]]), mark: new Map([[1, 4]]) };
    gateway.reconnectAll();
    await bus.catchUp([1]);
    expect(received).toEqual(['message_post']);
    expect(read.at(-1)).toEqual(log.mark);
  });
});

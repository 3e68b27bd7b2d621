import { createClient, type WebSocketConstructor } from '@mevrik/client';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { noHistory } from '../../packages/server/src/broadcast/bus/history.ts';
import { createRedisBus } from '../../packages/server/src/broadcast/bus/redis-bus.ts';
import { partitionCount } from '../../packages/server/src/log/partition.ts';
import { Pusher, quiet } from '../support/gateway.ts';
import { startNetwork } from '../support/network.ts';
import { startSecondNode, startTestProduct, type TestProduct, type Visitor } from '../support/product.ts';
import { startRedis } from '../support/redis.ts';

type Posted = { readonly message: { readonly content: { readonly text?: string } } };

/** Two nodes that share the partitions; the network between `staying` and Redis can fall silent. */
async function startNodes() {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const network = await startNetwork(Number(new URL(redis.url).port));
  onTestFinished(() => network.stop());
  const staying = await startTestProduct({ REDIS_URL: network.url.replace('http', 'redis') });
  onTestFinished(() => staying.stop());
  await staying.database.sql`UPDATE apps SET settings = '{"welcome": false}'`;
  await staying.database.sql`INSERT INTO bots (app_id, kind) VALUES (${staying.app.id}, 'none')`;
  const [first] = await staying.database.sql<{ id: string }[]>`SELECT id FROM nodes`;
  const leaving = await startSecondNode(staying, { REDIS_URL: redis.url });
  let isStopped = false;
  const stopLeaving = async () => {
    if (!isStopped) await leaving.stop();
    isStopped = true;
  };
  onTestFinished(stopLeaving);
  await expect.poll(() => ownedBy(staying, first?.id)).toHaveLength(partitionCount / 2);
  await expect.poll(async () => (await owned(staying)).length).toBe(partitionCount);
  return { network, staying, stayingId: first?.id, leaving, stopLeaving };
}

/** The partitions with the nodes that hold their locks. */
function owned({ database }: TestProduct) {
  return database.sql<{ partition: number; node: string }[]>`
    SELECT objid::int AS partition, nodes.id AS node FROM pg_locks JOIN nodes ON lock_backend_pid = pg_locks.pid
    WHERE locktype = 'advisory' AND classid = 7364 AND objid::bigint < ${partitionCount} AND granted`;
}

async function ownedBy(product: TestProduct, nodeId: string | undefined): Promise<readonly number[]> {
  return (await owned(product)).flatMap(({ partition, node }) => (node === nodeId ? [partition] : []));
}

/** A visitor whose events are in none of these partitions, and the partition that they are in. */
async function visitOutside(
  product: TestProduct,
  partitions: readonly number[],
): Promise<{ visitor: Visitor; partition: number }> {
  for (;;) {
    const visitor = await product.visit();
    const [event] = await product.database.sql<{ partition: number }[]>`
      SELECT partition FROM events WHERE session_id = ${visitor.sessionId}`;
    if (event && !partitions.includes(event.partition)) return { visitor, partition: event.partition };
  }
}

/** An SDK client for a visitor, at one of the nodes. */
function clientAt(url: string, appKey: string, { token }: Visitor) {
  const client = createClient({
    url,
    appKey,
    token,
    WebSocket: WebSocket as unknown as WebSocketConstructor,
  });
  onTestFinished(() => client.disconnect());
  return client;
}

/** What an SDK client and a pusher-js client receive of the visitor's session. */
async function follow({ url, app }: TestProduct, visitor: Visitor) {
  const received = { sdk: [] as unknown[], pusher: [] as unknown[] };
  const session = clientAt(url, app.key, visitor).subscribe(`session${visitor.sessionId}`);
  session.on('message_post', ({ message }) => received.sdk.push(message.content.text));
  const pusher = new Pusher(app.key, {
    cluster: '',
    wsHost: '127.0.0.1',
    wsPort: Number(new URL(url).port),
    forceTLS: false,
    enabledTransports: ['ws'],
    disableStats: true,
    channelAuthorization: {
      transport: 'ajax',
      endpoint: `${url}/broadcasting/auth`,
      headers: { Authorization: `Bearer ${visitor.token}` },
      params: {},
    },
  });
  onTestFinished(() => pusher.disconnect());
  const channel = pusher.subscribe(`private-session${visitor.sessionId}`);
  channel.bind('message_post', ({ message }: Posted) => received.pusher.push(message.content.text));
  await Promise.all([
    session.ready(),
    new Promise<void>((resolve) => channel.bind('pusher:subscription_succeeded', () => resolve())),
  ]);
  return received;
}

/** Whether all broadcasts of a partition have been published, as far as their publisher knows. */
async function isPublished({ database }: TestProduct, partition: number): Promise<boolean> {
  const [row] = await database.sql<{ isPublished: boolean }[]>`
    SELECT "offset" = head AS "isPublished" FROM checkpoints JOIN log_partitions USING (partition)
    WHERE subscription = 'Broadcast' AND partition = ${partition}`;
  return row?.isPublished ?? false;
}

it('a node that takes over partitions first delivers what a silent Redis connection has hidden from it', async () => {
  const { network, staying, stayingId, leaving, stopLeaving } = await startNodes();
  const { visitor, partition } = await visitOutside(staying, await ownedBy(staying, stayingId));
  const received = await follow(staying, visitor);
  const { rest } = clientAt(leaving.url, staying.app.key, visitor);
  await rest.visitor.writeMessage({ text: 'before' });
  await expect.poll(() => received).toEqual({ sdk: ['before'], pusher: ['before'] });

  network.hold();
  await rest.visitor.writeMessage({ text: 'hidden 1' });
  await rest.visitor.writeMessage({ text: 'hidden 2' });
  await expect.poll(() => isPublished(staying, partition)).toBe(true);
  expect(received).toEqual({ sdk: ['before'], pusher: ['before'] });
  await stopLeaving();
  await expect.poll(() => ownedBy(staying, stayingId)).toHaveLength(partitionCount);
  await visitor.write('new');
  const all = ['before', 'hidden 1', 'hidden 2', 'new'];
  await expect.poll(() => received).toEqual({ sdk: all, pusher: all });

  network.release();
  await visitor.write('last');
  await expect.poll(() => received).toEqual({ sdk: [...all, 'last'], pusher: [...all, 'last'] });
}, 120_000);

it('a node without subscribers does not read the log when it takes over partitions', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const read: (readonly number[] | undefined)[] = [];
  const since = async (_mark: unknown, partitions?: readonly number[]) => {
    read.push(partitions);
    return [];
  };
  const bus = createRedisBus({ url: redis.url, log: quiet, history: { ...noHistory, since } });
  onTestFinished(() => bus.stop());
  await bus.catchUp([1]);
  await bus.subscribe(1, 'messages');
  await bus.catchUp([2, 3]);
  bus.unsubscribe(1, 'messages');
  await bus.catchUp([4]);
  expect(read).toEqual([[2, 3]]);
});

it('a topic gets nothing from before its subscription when its node takes over partitions', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const message = (offset: number) => ({
    appId: 1,
    topic: 'messages',
    event: 'message_post',
    payload: {},
    at: [1, offset] as const,
  });
  let finishReading = (_heads: ReadonlyMap<number, number>) => {};
  const heads = new Promise<ReadonlyMap<number, number>>((resolve) => {
    finishReading = resolve;
  });
  const since = async () => [message(4), message(5)];
  const history = { ...noHistory, heads: () => heads, since };
  const bus = createRedisBus({ url: redis.url, log: quiet, history });
  onTestFinished(() => bus.stop());
  const received: unknown[] = [];
  bus.receive(
    (one) => received.push(one),
    () => {},
  );
  await bus.subscribe(1, 'messages');
  await bus.catchUp([1]);
  expect(received).toEqual([]);
  finishReading(new Map([[1, 4]]));
  await heads;
  await bus.catchUp([1]);
  expect(received).toEqual([message(5)]);
});

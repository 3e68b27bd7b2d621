import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '../../packages/server/src/db/database.ts';
import { partitionCount } from '../../packages/server/src/log/partition.ts';
import { createTestDatabase, startDistance } from '../support/database.ts';
import { createNode, eventually, tableOf } from '../support/dispatch.ts';
import { callerOf, startSecondNode } from '../support/product.ts';

const appEnv = { PUSHER_APP_ID: '1', PUSHER_APP_KEY: 'test-app', PUSHER_APP_SECRET: 'test-app-secret' };

/** A database, a network in front of it that can fall silent, and a way to start nodes on both. */
async function startParts() {
  const testDatabase = await createTestDatabase({ allowLeaks: true });
  onTestFinished(() => testDatabase.drop());
  const distance = await startDistance(testDatabase);
  onTestFinished(() => distance.network.stop());
  const direct = openDatabase(testDatabase.connection, { maxConnections: 1, applicationName: 'test' });
  onTestFinished(() => direct.close());
  const start = async (databaseUrl: string) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'mevrik-data-'));
    onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
    const node = await startSecondNode({ databaseUrl, dataDir }, { RATE_LIMIT: '100000', ...appEnv });
    onTestFinished(async () => {
      distance.network.release();
      await node.stop();
    });
    return { ...node, call: callerOf(node.url) };
  };
  /** Events that a listener, or the broadcast, is still to handle. */
  const unhandled = () =>
    direct.sql`SELECT FROM checkpoints JOIN log_partitions USING (partition) WHERE "offset" < head`;
  return { ...distance, nearUrl: testDatabase.url, sql: direct.sql, start, unhandled };
}

type Node = Awaited<ReturnType<Awaited<ReturnType<typeof startParts>>['start']>>;

async function visit({ call }: Node) {
  const { body } = await call('POST', '/v1/visitors', { body: { appKey: appEnv.PUSHER_APP_KEY } });
  const write = (node: Node, text: string) =>
    node.call('POST', '/v1/messages', { token: body.accessToken, body: { text } });
  return { write };
}

const readiness = async ({ call }: Node) => {
  const { status, body } = await call('GET', '/readyz');
  return { status, parts: body.parts };
};

it('a node that no longer reaches its database says so, refuses requests soon, and goes on by itself', async () => {
  const { network, url, start, unhandled } = await startParts();
  const node = await start(url);
  const { write } = await visit(node);
  expect((await write(node, 'one')).status).toBe(201);
  await expect.poll(unhandled).toEqual([]);

  network.hold();
  expect(await write(node, 'two')).toMatchObject({ status: 503, body: { code: 'unavailable' } });
  expect(await readiness(node)).toMatchObject({
    status: 503,
    parts: { database: { ok: false }, partitions: { ok: false } },
  });

  network.release();
  await eventually(
    () => write(node, 'three'),
    ({ status }) => status === 201,
  );
  await expect.poll(unhandled).toEqual([]);
  await expect.poll(() => readiness(node)).toMatchObject({ status: 200 });
});

it('a node whose connections died silently opens new ones, and handles what was written meanwhile', async () => {
  const { network, url, start, unhandled, sql } = await startParts();
  const node = await start(url);
  const { write } = await visit(node);
  expect((await write(node, 'one')).status).toBe(201);
  await expect.poll(unhandled).toEqual([]);

  network.abandon();
  await eventually(
    () => write(node, 'two'),
    ({ status }) => status === 201,
  );
  await expect.poll(unhandled).toEqual([]);
  await expect
    .poll(() => readiness(node))
    .toMatchObject({
      status: 200,
      parts: { partitions: { ok: true, detail: `${partitionCount} held` } },
    });
  expect(await sql`SELECT FROM messages WHERE content ->> 'text' = 'two'`).toHaveLength(1);
});

it('another node takes over the conversations of a node that is cut off, which gets its share back later', async () => {
  const { network, url, nearUrl, start, unhandled } = await startParts();
  const near = await start(nearUrl);
  const far = await start(url);
  const held = (count: number) => ({ partitions: { ok: true, detail: `${count} held` } });
  for (const node of [near, far]) {
    await expect.poll(() => readiness(node)).toMatchObject({ status: 200, parts: held(partitionCount / 2) });
  }

  network.hold();
  await expect
    .poll(() => readiness(far))
    .toMatchObject({ status: 503, parts: { partitions: { ok: false } } });
  await expect.poll(() => readiness(near)).toMatchObject({ status: 200, parts: held(partitionCount) });
  const { write } = await visit(near);
  expect((await write(near, 'one')).status).toBe(201);
  await expect.poll(unhandled).toEqual([]);

  network.release();
  for (const node of [near, far]) {
    await expect.poll(() => readiness(node)).toMatchObject({ status: 200, parts: held(partitionCount / 2) });
  }
  await eventually(
    () => write(far, 'two'),
    ({ status }) => status === 201,
  );
  await expect.poll(unhandled).toEqual([]);
});

it('connections for locks that are made after they were given up hold nothing', async () => {
  const testDatabase = await createTestDatabase({ allowLeaks: true });
  onTestFinished(() => testDatabase.drop());
  const { network, connection } = await startDistance(testDatabase);
  onTestFinished(() => network.stop());
  const options = { table: tableOf({}), deadAfterMs: 1_000, lockTarget: connection };
  const far = createNode(testDatabase.connection, options);
  onTestFinished(() => far.stop());
  await far.start();
  expect(far.dispatcher.partitions()).toHaveLength(partitionCount);

  network.hold();
  const givenUp = () => far.logged.filter(({ message }) => message.startsWith('the heartbeat failed'));
  // The connection that it had, and two that it tried to make.
  await expect.poll(() => givenUp().length).toBeGreaterThanOrEqual(3);
  network.release();
  await expect.poll(() => far.dispatcher.partitions()).toHaveLength(partitionCount);

  const near = createNode(testDatabase.connection, { table: tableOf({}), deadAfterMs: 60_000 });
  onTestFinished(() => near.stop());
  await near.start();
  for (const node of [near, far]) {
    await expect.poll(() => node.dispatcher.partitions()).toHaveLength(partitionCount / 2);
  }
  const holders = () => near.database.sql`
    SELECT DISTINCT pid FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND datname = current_database()`;
  // A late connection that held something would keep it.
  await expect.poll(holders).toHaveLength(2);
});

it('a node that joins is ready while it waits for its share, and no longer if it never gets one', async () => {
  const testDatabase = await createTestDatabase({ allowLeaks: true });
  onTestFinished(() => testDatabase.drop());
  const stranger = openDatabase(testDatabase.connection, { maxConnections: 1, applicationName: 'stranger' });
  await stranger.sql`SELECT pg_advisory_lock(7364, partition) FROM generate_series(0, ${partitionCount - 1}) partition`;
  const node = createNode(testDatabase.connection, { table: tableOf({}), deadAfterMs: 2_000 });
  onTestFinished(() => node.stop());
  await node.start();
  expect(node.dispatcher.ownership()).toEqual({ isAlive: true, held: 0, isStarved: false });
  await expect.poll(() => node.dispatcher.ownership().isStarved).toBe(true);
  await stranger.close();
  await expect
    .poll(() => node.dispatcher.ownership())
    .toEqual({ isAlive: true, held: partitionCount, isStarved: false });
});

import { createClient } from '@redis/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestProduct, type TestProduct } from '../support/product.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { type Memory, newMemory, ResumingClient } from '../support/resuming-client.ts';

let redis: TestRedis;
let one: TestProduct;
let two: TestProduct;
beforeAll(async () => {
  redis = await startRedis();
  one = await startTestProduct({ REDIS_URL: redis.url, RECOVERY_MAX_EVENTS: '1000' });
  await one.database.sql`UPDATE apps SET settings = '{"welcome": false}'`;
  await one.database.sql`INSERT INTO bots (app_id, kind) VALUES (${one.app.id}, 'none')`;
  two = await startTestProduct({ REDIS_URL: redis.url, DATABASE_URL: one.databaseUrl });
});
afterAll(async () => {
  await two?.stop();
  await one?.stop();
  await redis?.stop();
});

/** The ids of the customers' messages that a subscriber received, in order. */
const idsIn = ({ shown }: Memory) =>
  (shown as { message: { id: number; isReply: boolean } }[])
    .filter(({ message }) => !message.isReply)
    .map(({ message }) => message.id);

/** Visitors write on both nodes, ten messages each, while something happens to Redis. */
async function writeWhile(happening: () => Promise<void>): Promise<number[][]> {
  const visitors = await Promise.all([one, two, one, two].map((node) => node.visit()));
  const writing = visitors.map(async (visitor) => {
    const ids: number[] = [];
    for (let n = 0; n < 10; n += 1) {
      const { status, body } = await visitor.write(`message ${n}`);
      expect(status).toBe(201);
      ids.push(body.message.id);
    }
    return ids;
  });
  await happening();
  return Promise.all(writing);
}

async function kill(type: 'PUBSUB' | 'NORMAL'): Promise<void> {
  const client = await createClient({ url: redis.url }).connect();
  await client.sendCommand(['CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes']);
  client.destroy();
}

describe('clients of two nodes', () => {
  it.each<[string, () => Promise<void>]>([
    ['nothing happens', async () => {}],
    ['the nodes briefly lose their Redis subscriptions', () => kill('PUBSUB')],
    ['the nodes briefly cannot publish', () => kill('NORMAL')],
    ['Redis is restarted', () => redis.restart()],
    [
      'Redis is restarted twice',
      async () => {
        await redis.restart();
        await redis.restart();
      },
    ],
  ])('receive everything once and in order per conversation when %s', async (_what, happening) => {
    const memories = [newMemory(), newMemory()];
    const clients = [one, two].map(
      (node, index) => new ResumingClient(node.url, one.app.key, 'messages', memories[index] ?? newMemory()),
    );
    await Promise.all(clients.map((client) => client.subscribed));
    const conversations = await writeWhile(happening);
    const all = conversations.flat().toSorted((a, b) => a - b);
    for (const memory of memories) {
      // Earlier messages may still be arriving.
      const received = () => idsIn(memory).filter((id) => id >= Math.min(...all));
      await expect.poll(() => received().toSorted((a, b) => a - b)).toEqual(all);
      for (const conversation of conversations) {
        expect(idsIn(memory).filter((id) => conversation.includes(id))).toEqual(conversation);
      }
      expect(memory.reloads).toBe(0);
    }
    expect(clients.map(({ ws }) => ws.readyState)).toEqual([1, 1]);
    await Promise.all(clients.map((client) => client.cut()));
  });

  it('get from the other node what they missed at theirs', async () => {
    const memory = newMemory();
    const before = new ResumingClient(one.url, one.app.key, 'messages', memory);
    await before.subscribed;
    await before.cut();
    const conversations = await writeWhile(async () => {});
    const after = new ResumingClient(two.url, one.app.key, 'messages', memory);
    expect(await after.subscribed).toMatchObject({ recovered: true });
    await expect
      .poll(() => idsIn(memory).toSorted((a, b) => a - b))
      .toEqual(conversations.flat().toSorted((a, b) => a - b));
    await after.cut();
  });
});

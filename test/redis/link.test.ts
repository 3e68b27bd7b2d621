import { createClient } from '@redis/client';
import { expect, it, onTestFinished } from 'vitest';
import { noHistory } from '../../packages/server/src/broadcast/bus/history.ts';
import { createRedisBus } from '../../packages/server/src/broadcast/bus/redis-bus.ts';
import { quiet } from '../support/gateway.ts';
import { startRedis } from '../support/redis.ts';

it('a node subscribes to thousands of topics again after Redis restarts', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const warnings: string[] = [];
  const log = { ...quiet, warn: (_detail: object, message: string) => void warnings.push(message) };
  const bus = createRedisBus({ url: redis.url, log, history: noHistory });
  onTestFinished(() => bus.stop());
  const client = await createClient({ url: redis.url })
    // Its connections are killed by the test.
    .on('error', () => {})
    .connect();
  // The connection was killed: ask again.
  const resubscribed = async () => (await client.pubSubChannels('mevrik:1:*').catch(() => [])).length;
  await bus.subscribe(1, 'topic-0');
  await expect.poll(resubscribed).toBe(1);
  for (let n = 0; n < 60_000; n += 1) {
    const subscribed = bus.subscribe(1, `topic-${n}`);
    if (n % 1_000 === 0) await subscribed;
  }
  await expect.poll(resubscribed).toBe(60_000);
  await redis.restart();
  await expect.poll(resubscribed).toBe(60_000);
  expect(warnings.filter((message) => message.includes('refused'))).toEqual([]);
  client.destroy();
});

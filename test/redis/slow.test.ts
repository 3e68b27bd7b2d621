import { setImmediate } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { noHistory } from '../../packages/server/src/broadcast/bus/history.ts';
import { createRedisBus } from '../../packages/server/src/broadcast/bus/redis-bus.ts';
import { quiet } from '../support/gateway.ts';
import { startNetwork } from '../support/network.ts';
import { startRedis } from '../support/redis.ts';

it('publishing waits for Redis again once it has answered after a pause', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const network = await startNetwork(Number(new URL(redis.url).port));
  onTestFinished(() => network.stop());
  const url = network.url.replace('http', 'redis');
  const bus = createRedisBus({ url, log: quiet, history: noHistory });
  onTestFinished(() => bus.stop());
  await expect.poll(() => bus.isConnected()).toBe(true);
  const message = { appId: 1, topic: 'messages', event: 'message_post', payload: {} };

  network.hold();
  // It does not wait for longer than two seconds.
  await bus.publish([message]);
  network.release();
  await bus.reached();

  network.hold();
  let isPublished = false;
  const publishing = bus.publish([message]).then(() => {
    isPublished = true;
  });
  await setImmediate();
  expect(isPublished).toBe(false);
  network.release();
  await publishing;
});

import { expect, it, onTestFinished } from 'vitest';
import { startTestProduct } from '../support/product.ts';
import { startRedisProcess } from '../support/redis.ts';

it('a node without Redis serves its own clients, and says in its health that Redis is away', async () => {
  const redis = await startRedisProcess({});
  onTestFinished(() => redis.stop());
  const product = await startTestProduct({ REDIS_URL: `redis://127.0.0.1:${redis.port}` });
  onTestFinished(() => product.stop());
  const admin = await product.employ({ role: 'admin' });
  const state = async () => {
    const { status, body } = await product.call('GET', '/readyz');
    const { parts } = (await admin.call('GET', '/v1/admin/health')).body;
    const channels = parts.find(({ part }: { part: string }) => part === 'channels');
    return { status, redis: body.parts.redis, channels: channels.status, reason: channels.reason };
  };
  const connected = { status: 200, redis: { ok: true, detail: 'connected' }, channels: 'ok' };
  await expect.poll(state).toMatchObject(connected);

  await redis.end('SIGKILL');
  await expect.poll(state).toMatchObject({
    status: 200,
    redis: { ok: false, detail: expect.stringContaining('clients of this node only') },
    channels: 'degraded',
    reason: expect.stringContaining('Redis is not reachable'),
  });
  const visitor = await product.visit();
  expect((await visitor.write('hello')).status).toBe(201);

  await redis.begin();
  await expect.poll(state).toMatchObject(connected);
});

import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Employed, startTestProduct, type TestProduct } from '../support/product.ts';

let product: TestProduct;
let admin: Employed;
beforeAll(async () => {
  product = await startTestProduct({ DATABASE_POOL: '4' });
  admin = await product.employ({ role: 'admin' });
});
afterAll(() => product.stop());

it('a panel whose reads hang takes nothing from customers, reads once for all, and is answered in time', async () => {
  const { sql } = product.database;
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  // What the panel counts cannot be read; the table is used for nothing else in this test.
  const blocking = sql.begin(async (tx) => {
    await tx`LOCK TABLE csat_surveys IN ACCESS EXCLUSIVE MODE`;
    await released;
  });
  const blocked = () =>
    sql`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  const asked = Array.from({ length: 20 }, () => [
    admin.call('GET', '/v1/admin/overview'),
    admin.call('GET', '/v1/admin/charts?window=24h'),
  ]).flat();
  await expect.poll(blocked).toHaveLength(2);

  const visitor = await product.visit();
  expect((await visitor.write('Is anyone there?')).status).toBe(201);
  await expect.poll(async () => (await visitor.history()).at(-1)?.from).not.toBe('customer');
  expect((await product.call('GET', '/readyz')).status).toBe(200);
  expect(await blocked()).toHaveLength(2);

  for (const answer of await Promise.all(asked)) {
    expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } });
  }
  release();
  await blocking;
  expect((await admin.call('GET', '/v1/admin/overview')).status).toBe(200);
});

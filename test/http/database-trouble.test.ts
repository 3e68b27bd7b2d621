import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestProduct, type TestProduct } from '../support/product.ts';

let product: TestProduct;
beforeAll(async () => {
  product = await startTestProduct();
});
afterAll(() => product.stop());

const visit = () => product.call('POST', '/v1/visitors', { body: { appKey: product.app.key } });

describe('while the database is read-only', () => {
  /** New connections are read-only, or not; open ones are replaced. */
  async function setReadOnly(value: 'on' | 'off') {
    const { sql } = product.database;
    const [row] = await sql<{ name: string }[]>`SELECT current_database() AS name`;
    await sql.unsafe(`ALTER DATABASE ${row?.name} SET default_transaction_read_only = ${value}`);
    await sql`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name LIKE 'mevrik %' AND datname = current_database()`;
  }

  it('requests are answered with 503, and once it can be written everything goes on', async () => {
    const visitor = await product.visit();
    await setReadOnly('on');
    try {
      // Until then, a request may get a connection that was just ended.
      await expect
        .poll(async () => (await visitor.call('GET', '/v1/messages')).status, { timeout: 30_000 })
        .toBe(200);
      const answer = await visitor.write('Is anyone there?');
      expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    } finally {
      await setReadOnly('off');
    }
    await expect
      .poll(async () => (await visitor.write('Is anyone there?')).status, { timeout: 30_000 })
      .toBe(201);
    const replies = async () => (await visitor.history()).filter(({ from }) => from === 'bot').length;
    const before = await replies();
    await visitor.write('Hello again');
    await expect.poll(replies, { timeout: 60_000 }).toBeGreaterThan(before);
  });
});

describe('while the disk of the database is full', () => {
  it('requests that store something are answered with 507', async () => {
    const { sql } = product.database;
    await sql.unsafe(`
      CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql
      AS $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$`);
    await sql`CREATE TRIGGER full_disk BEFORE INSERT ON customers EXECUTE FUNCTION disk_full()`;
    try {
      const answer = await visit();
      expect(answer).toMatchObject({ status: 507, body: { code: 'storage_full' } });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    } finally {
      await sql`DROP TRIGGER full_disk ON customers`;
    }
    expect((await visit()).status).toBe(201);
  });
});

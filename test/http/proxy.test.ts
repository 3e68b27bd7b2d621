import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestProduct, type TestProduct } from '../support/product.ts';

let product: TestProduct;
let direct: TestProduct;
beforeAll(async () => {
  [product, direct] = await Promise.all([startTestProduct({ TRUST_PROXY: 'true' }), startTestProduct()]);
});
afterAll(() => Promise.all([product?.stop(), direct?.stop()]));

describe('the address of a client behind a proxy', () => {
  /** An attempt to log in; `claimed` is what the client itself sends, and `added` what the proxy appends. */
  const logIn = async (email: string, claimed: string, added: string) => {
    const headers = { 'x-forwarded-for': `${claimed}, ${added}` };
    const body = { email, password: 'wrong' };
    return (await product.call('POST', '/v1/agents/login', { headers, body })).status;
  };

  it('is the one that the proxy has added: made-up ones do not evade the limits', async () => {
    const email = `${randomUUID()}@example.com`;
    const statuses: number[] = [];
    for (let number = 1; number <= 7; number++)
      statuses.push(await logIn(email, `10.0.0.${number}`, '203.0.113.5'));
    expect(statuses).toEqual([401, 401, 401, 401, 401, 401, 429]);
    expect(await logIn(email, '10.0.0.1', '203.0.113.6')).toBe(401);
    const [entry] = await product.database.sql<{ address: string }[]>`
      SELECT detail ->> 'address' AS address FROM audit_entries
      WHERE detail ->> 'code' = 'invalid_credentials' ORDER BY id LIMIT 1`;
    expect(entry).toEqual({ address: '203.0.113.5' });
  });
});

describe('metrics without a token', () => {
  it('are for programs on the same machine only, not for what a proxy on it forwards', async () => {
    for (const one of [product, direct]) {
      const read = async (headers: Record<string, string> = {}) =>
        (await one.call('GET', '/metrics', { headers })).status;
      expect(await read()).toBe(200);
      expect(await read({ 'x-forwarded-for': '127.0.0.1' })).toBe(401);
      expect(await read({ 'x-forwarded-for': '203.0.113.5, 127.0.0.1' })).toBe(401);
      expect(await read({ 'x-real-ip': '203.0.113.5' })).toBe(401);
      expect(await read({ forwarded: 'for=203.0.113.5' })).toBe(401);
    }
  });
});

import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestProduct, type TestProduct } from '../support/product.ts';

/** More than any disk has. */
const petabyte = '1000000000';

let product: TestProduct;
beforeAll(async () => {
  product = await startTestProduct({ DISK_RESERVE_MB: petabyte });
});
afterAll(() => product.stop());

const full = { status: 507, body: { code: 'storage_full', type: '/problems/storage_full' } };

describe('while the disk is nearly full', () => {
  it('new conversations are refused with a clear problem, and nothing is stored', async () => {
    const answer = await product.call('POST', '/v1/visitors', { body: { appKey: product.app.key } });
    expect(answer).toMatchObject(full);
    expect(answer.body.detail).toBe('The disk is nearly full, so nothing was stored. Try again later.');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await product.database.sql`SELECT FROM customers`).toEqual([]);
  });

  it('providers are asked to send their webhooks again', async () => {
    const body = JSON.stringify({ object: 'page', entry: [] });
    const signature = createHmac('sha256', 'secret').update(body).digest('hex');
    const answer = await product.call('POST', `/webhooks/facebook/${product.app.key}/facebook`, {
      body,
      headers: { 'x-hub-signature-256': `sha256=${signature}` },
    });
    expect(answer).toMatchObject(full);
  });

  it('people can log in, read and administer, and the probe says why no messages arrive', async () => {
    const admin = await product.employ({ role: 'admin' });
    expect((await admin.call('GET', '/v1/admin/overview')).status).toBe(200);
    const { status, body } = await product.call('GET', '/readyz');
    // A load balancer goes on sending those who read and reply.
    expect(status).toBe(200);
    expect(body.parts.disk).toEqual({ ok: false, detail: expect.stringMatching(/^\d+ MB free$/) });
  });
});

import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Employed, startTestProduct, type TestProduct } from '../support/product.ts';

let product: TestProduct;
let admin: Employed;
beforeAll(async () => {
  product = await startTestProduct();
  admin = await product.employ({ role: 'admin' });
});
afterAll(() => product.stop());

it('a list says how many there are of each status, up to ten thousand', async () => {
  const { sql } = product.database;
  await sql`
    INSERT INTO webhook_event_logs (app_id, channel, provider, deduplication_key, conversation_key, payload, status)
    SELECT 1, 'page', 'facebook', n::text, '1/page:one', '{}', CASE WHEN n <= 3 THEN 'ignored' ELSE 'handled' END
    FROM generate_series(1, 10010) AS n`;
  await sql`
    INSERT INTO inbound_emails (app_id, channel, source, deduplication_key, sender, recipient, raw, size_bytes, status)
    SELECT 1, 'email', 'smtp', n::text, 'a', 'b', '', 0, CASE WHEN n <= 2 THEN 'failed' ELSE 'handled' END
    FROM generate_series(1, 10010) AS n`;
  const countsOf = async (path: string) => (await admin.call('GET', path)).body.counts;
  expect(await countsOf('/v1/admin/webhook-events')).toEqual({ ignored: 3, handled: 10_000 });
  expect(await countsOf('/v1/admin/webhook-events?channel=page')).toEqual({ ignored: 3, handled: 10_000 });
  expect(await countsOf('/v1/admin/webhook-events?channel=other')).toEqual({});
  expect(await countsOf('/v1/admin/emails?status=failed')).toEqual({ failed: 2, handled: 10_000 });
});

import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestProduct, type TestProduct } from '../support/product.ts';

let product: TestProduct;
beforeAll(async () => {
  product = await startTestProduct({ DATABASE_POOL: '2' });
});
afterAll(() => product.stop());

it('jobs whose transactions wait take no database connections from customers', async () => {
  const { sql } = product.database;
  /** The pools whose transactions wait for the table of emails, and how many of each do. */
  const waiting = () => sql`
    SELECT split_part(application_name, ' ', 2) AS pool, count(*)::int FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FROM inbound_emails%'
    GROUP BY 1`;
  await sql.begin(async (locking) => {
    await locking`LOCK TABLE inbound_emails IN ACCESS EXCLUSIVE MODE`;
    await sql`
      SELECT graphile_worker.add_job('process-emails', json_build_object(
        'appId', 1, 'channel', 'email', 'sender', number || '@example.com'))
      FROM generate_series(1, 20) AS number`;
    await expect.poll(waiting).toEqual([{ pool: 'background', count: 8 }]);
    const visitor = await product.visit();
    expect((await visitor.write('Hello?')).status).toBe(201);
    await expect.poll(waiting).toEqual([{ pool: 'background', count: 8 }]);
  });
});

it('apps are looked up on connections of their own, so that a listener does not wait for requests', async () => {
  const { sql } = product.database;
  await sql.begin(async (locking) => {
    await locking`LOCK TABLE routing_rules IN ACCESS EXCLUSIVE MODE`;
    const waitingAfterVisit = async () => {
      await product.visit();
      return sql`
        SELECT split_part(application_name, ' ', 2) AS pool FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%"routing_rules"%'`;
    };
    await expect.poll(waitingAfterVisit).toEqual([{ pool: 'apps' }]);
  });
});

import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Employed, startTestProduct, type TestProduct } from '../support/product.ts';

let product: TestProduct;
let admin: Employed;
beforeAll(async () => {
  product = await startTestProduct({ DATABASE_POOL: '4' });
  admin = await product.employ({ role: 'admin' });
});
afterAll(() => product.stop());

const releases: (() => Promise<void>)[] = [];
afterEach(() => Promise.all(releases.splice(0).map((release) => release())));

type Table = 'csat_surveys' | 'canned_replies' | 'inbound_emails' | 'queue_items';

/** Locks tables, which nothing but the reads of a test uses. @returns what releases them; the end of the test does, too. */
async function lockTables(...names: Table[]): Promise<() => Promise<void>> {
  const { sql } = product.database;
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const ended = await new Promise<{ whole: Promise<void> }>((locked) => {
    const whole: Promise<void> = sql.begin(async (tx) => {
      await tx.unsafe(`LOCK TABLE ${names.join(', ')} IN ACCESS EXCLUSIVE MODE`);
      locked({ whole });
      await released;
    });
  });
  const end = async () => {
    release();
    await ended.whole;
  };
  releases.push(end);
  return end;
}

const blocked = () => product.database.sql`
  SELECT FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name ~ '^mevrik (desk|reports) '`;

/** A customer gets an answer. */
async function serveCustomer(): Promise<void> {
  const visitor = await product.visit();
  expect((await visitor.write('Is anyone there?')).status).toBe(201);
  await expect.poll(async () => (await visitor.history()).at(-1)?.from).not.toBe('customer');
}

/** Asks for a page or, with a body, for a change, and can hang up: it then ends with an `AbortError`. */
function askFor(path: string, body?: object) {
  const caller = new AbortController();
  const answered = fetch(`${product.url}${path}`, {
    headers: { authorization: `Bearer ${admin.token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
    signal: caller.signal,
  }).then(
    ({ status }) => status,
    (error: Error) => error.name,
  );
  return { answered, hangUp: () => caller.abort() };
}

it('a panel whose reads hang takes nothing from customers, reads once for all, and is answered in time', async () => {
  const release = await lockTables('csat_surveys');
  const asked = Array.from({ length: 20 }, () => [
    admin.call('GET', '/v1/admin/overview'),
    admin.call('GET', '/v1/admin/charts?window=24h'),
  ]).flat();
  await expect.poll(blocked).toHaveLength(2);

  await serveCustomer();
  expect((await product.call('GET', '/readyz')).status).toBe(200);
  expect(await blocked()).toHaveLength(2);

  for (const answer of await Promise.all(asked)) {
    expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } });
  }
  await release();
  expect((await admin.call('GET', '/v1/admin/overview')).status).toBe(200);
});

it('a desk whose reads hang takes nothing from customers', async () => {
  const release = await lockTables('canned_replies');
  const asked = Array.from({ length: 20 }, () => askFor('/v1/canned-replies?appId=1'));
  await expect.poll(blocked).toHaveLength(6);

  await serveCustomer();
  expect((await admin.call('GET', '/v1/agents/me')).status).toBe(200);
  await release();
  for (const { answered } of asked) expect(await answered).toBe(200);
});

it('what a caller asked for who has hung up is read no longer', async () => {
  const release = await lockTables('canned_replies', 'inbound_emails', 'queue_items');
  const asked = Array.from({ length: 10 }, () => [
    askFor('/v1/canned-replies?appId=1'),
    askFor('/v1/conversations'),
    askFor('/v1/admin/emails'),
  ]).flat();
  await expect.poll(blocked).toHaveLength(12);
  for (const { hangUp } of asked) hangUp();
  await expect.poll(blocked).toEqual([]);
  for (const { answered } of asked) expect(await answered).toBe('AbortError');
  expect((await admin.call('GET', '/v1/admin/audit')).status).toBe(200);
  expect((await admin.call('GET', '/v1/sessions')).status).toBe(200);
  await release();
});

it('what a caller changes who has hung up is changed nevertheless', async () => {
  const release = await lockTables('canned_replies');
  const reply = { appId: 1, shortcut: 'late', text: 'Better late than never' };
  const asked = askFor('/v1/canned-replies', reply);
  const waiting = () => product.database.sql`
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%canned_replies%'`;
  await expect.poll(waiting).toHaveLength(1);
  asked.hangUp();
  expect(await asked.answered).toBe('AbortError');
  await release();
  const replies = async () => (await admin.call('GET', '/v1/canned-replies?appId=1')).body.items;
  await expect.poll(replies).toMatchObject([{ shortcut: 'late' }]);
});

it('what is read for several callers is read on when the first hangs up', async () => {
  const release = await lockTables('csat_surveys');
  // It was not read in the last second, for which the result is kept.
  const first = askFor('/v1/admin/charts?window=1h');
  await expect.poll(blocked).toHaveLength(1);
  const second = askFor('/v1/admin/charts?window=1h');
  await expect.poll(() => product.call('GET', '/readyz')).toMatchObject({ status: 200 });
  first.hangUp();
  expect(await first.answered).toBe('AbortError');
  await release();
  expect(await second.answered).toBe(200);
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openingHours } from '../support/bot-replies.ts';
import { type Employed, startTestProduct, type TestProduct, type Visitor } from '../support/product.ts';

let product: TestProduct;
let sql: TestProduct['database']['sql'];
let admin: Employed;
let agent: Employed;
beforeAll(async () => {
  product = await startTestProduct({ CONVERSATION_RETENTION_DAYS: '100' });
  sql = product.database.sql;
  [admin, agent] = await Promise.all([product.employ({ role: 'admin' }), product.employ({ capacity: 50 })]);
});
afterAll(() => product.stop());

const settle = async (settings: Record<string, unknown>) =>
  (await admin.call('PATCH', '/v1/admin/apps/1', { settings })).status;

/** A visitor whose case an agent has closed, with a file and a survey. */
async function served(): Promise<Visitor> {
  const visitor = await product.visit({ profile: { name: 'Vera', email: `${Math.random()}@example.com` } });
  const file = await upload(visitor, `a file of session ${visitor.sessionId}`);
  await visitor.call('POST', '/v1/messages', { text: 'I need a human', attachments: [{ fileId: file }] });
  const item = await until(async () => (await rowOf(visitor)).queueItem);
  await agent.call('POST', `/v1/queue-items/${item.id}/accept`);
  await agent.call('POST', `/v1/sessions/${visitor.sessionId}/replies`, { text: 'Here I am' });
  const closed = await agent.call('POST', `/v1/cases/${item.caseId}/close`, { disposition: 'resolved' });
  expect(closed.status).toBe(200);
  await until(async () => (await storedOf(visitor))?.surveys);
  return visitor;
}

async function upload(visitor: Visitor, text: string): Promise<string> {
  const response = await fetch(`${product.url}/v1/attachments?name=a.txt`, {
    method: 'POST',
    headers: { authorization: `Bearer ${visitor.token}`, 'content-type': 'application/octet-stream' },
    body: text,
  });
  const { fileId } = (await response.json()) as { fileId: string };
  return fileId;
}

const rowOf = async ({ sessionId }: Visitor) =>
  (await agent.call('GET', `/v1/sessions/${sessionId}/conversation`)).body;

async function until<Result>(look: () => Promise<Result>): Promise<NonNullable<Result>> {
  let seen: Result | undefined;
  await expect
    .poll(async () => {
      seen = await look();
      return seen;
    })
    .toBeTruthy();
  return seen as NonNullable<Result>;
}

/** Ends the session, as if this were the time since its last activity. */
async function age({ sessionId }: Visitor, days: number): Promise<void> {
  await sql`
    UPDATE sessions SET status = 'expired', last_activity_at = now() - ${days} * interval '1 day'
    WHERE id = ${sessionId}`;
}

/** Runs a timer now. */
async function run(task: string): Promise<void> {
  const [{ id } = { id: 0 }] = await sql<{ id: string }[]>`
    SELECT id FROM graphile_worker.add_job(${task}, '{}'::json)`;
  const jobs = async () => (await sql`SELECT FROM graphile_worker.jobs WHERE id = ${id}`).length;
  await expect.poll(jobs).toBe(0);
}

const expire = () => run('expire-conversations');

/** How much is stored of a visitor. */
async function storedOf({ id, sessionId }: Visitor) {
  const [row] = await sql`
    SELECT (SELECT count(*)::int FROM customers WHERE id = ${id}) AS customers,
           (SELECT count(*)::int FROM contact_identities WHERE customer_id = ${id}) AS contacts,
           (SELECT count(*)::int FROM sessions WHERE id = ${sessionId}) AS sessions,
           (SELECT count(*)::int FROM messages WHERE session_id = ${sessionId}) > 0 AS "hasMessages",
           (SELECT count(*)::int FROM cases WHERE session_id = ${sessionId}) AS cases,
           (SELECT count(*)::int FROM queue_items WHERE session_id = ${sessionId}) AS "queueItems",
           (SELECT count(*)::int FROM csat_surveys WHERE session_id = ${sessionId}) AS surveys`;
  return row;
}

const everything = {
  customers: 1,
  contacts: 1,
  sessions: 1,
  hasMessages: true,
  cases: 1,
  queueItems: 1,
  surveys: 1,
};
const nothing = {
  customers: 0,
  contacts: 0,
  sessions: 0,
  hasMessages: false,
  cases: 0,
  queueItems: 0,
  surveys: 0,
};

const isFileUsed = async (sessionId: number) => {
  const [row] = await sql<{ used: boolean }[]>`
    SELECT used_at IS NOT NULL AS used FROM files
    WHERE size_bytes = ${`a file of session ${sessionId}`.length} AND digest = encode(sha256(${`a file of session ${sessionId}`}::bytea), 'hex')`;
  return row?.used;
};

describe('a conversation', () => {
  it('is deleted with all that belongs to it once its period has passed, and so is its customer', async () => {
    const [old, young] = [await served(), await served()];
    await age(old, 101);
    await age(young, 99);
    await expire();
    expect(await storedOf(old)).toEqual(nothing);
    expect(await isFileUsed(old.sessionId)).toBe(false);
    expect(await storedOf(young)).toEqual(everything);
    expect(await isFileUsed(young.sessionId)).toBe(true);
    const audited = (await admin.call('GET', '/v1/admin/audit?action=conversation.expire')).body.items;
    expect(audited[0]).toMatchObject({ appId: 1, detail: { sessions: 1, days: 100 } });
  });

  it('is kept for the period of its app, if it has one', async () => {
    const visitor = await served();
    await age(visitor, 101);
    expect(await settle({ conversationRetentionDays: 200 })).toBe(200);
    await expire();
    expect(await storedOf(visitor)).toEqual(everything);
    expect(await settle({ conversationRetentionDays: null })).toBe(200);
    await expire();
    expect(await storedOf(visitor)).toEqual(nothing);
    expect(await settle({ conversationRetentionDays: 29 })).toBe(422);
  });

  it('stays while it has a parked event, or a reply on its way', async () => {
    const [stuck, sending] = [await served(), await served()];
    await age(stuck, 101);
    await age(sending, 101);
    await sql`
      INSERT INTO parked_events (subscription, partition, "offset", event_id, type, key, app_id, status)
      SELECT 'DeliverReply', 0, 999999, gen_random_uuid(), 'MessageReplyReadyEvent', conversation_key, 1, 'dead'
      FROM sessions WHERE id = ${stuck.sessionId}`;
    await sql`
      INSERT INTO deliveries (app_id, message_id, session_id, customer_id, channel, contact_id, conversation_key, event_id,
                              next_attempt_at)
      SELECT 1, max(id), session_id, ${sending.id}, 'web', 'x', 'x', 'x', now() + interval '1 day' FROM messages
      WHERE session_id = ${sending.sessionId} GROUP BY session_id`;
    await expire();
    expect(await storedOf(stuck)).toEqual(everything);
    expect(await storedOf(sending)).toEqual(everything);
    await sql`DELETE FROM parked_events`;
    await sql`UPDATE deliveries SET status = 'failed', finished_at = now() WHERE session_id = ${sending.sessionId}`;
    await expire();
    expect(await storedOf(stuck)).toEqual(nothing);
    expect(await storedOf(sending)).toEqual(nothing);
  });

  it('that goes on keeps its customer, and loses its old sessions only', async () => {
    const visitor = await served();
    await age(visitor, 101);
    await visitor.write('opening hours');
    await expire();
    expect(await storedOf(visitor)).toEqual({ ...nothing, customers: 1, contacts: 1 });
    const shown = async () => (await visitor.history()).map(({ text }) => text);
    await expect.poll(shown).toContainEqual(expect.stringContaining(openingHours));
    expect(await shown()).not.toContain('Here I am');
  });

  it('goes with the customers who were merged into its own', async () => {
    const [first, second, third] = [await served(), await served(), await served()];
    await agent.call('POST', `/v1/customers/${second.id}/merge`, { otherId: third.id });
    await agent.call('POST', `/v1/customers/${first.id}/merge`, { otherId: second.id });
    for (const visitor of [first, second]) await age(visitor, 101);
    await expire();
    expect(await storedOf(first)).toMatchObject({ customers: 1, sessions: 0 });
    await age(third, 101);
    await expire();
    for (const visitor of [first, second, third]) expect(await storedOf(visitor)).toEqual(nothing);
  });
});

describe('a customer who comes back while they are being deleted', () => {
  it('stays, with the session that has begun', async () => {
    const visitor = await served();
    await age(visitor, 101);
    const waiting = () => sql`
      SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FROM contact_identities%FOR UPDATE%'`;
    const expired = await sql.begin(async (tx) => {
      // As a session begins: it takes the identity first.
      await tx`SELECT FROM contact_identities WHERE customer_id = ${visitor.id} FOR SHARE`;
      await tx`
        INSERT INTO sessions (app_id, customer_id, contact_identity_id, conversation_key, channel, expires_at)
        SELECT app_id, customer_id, id, conversation_key, channel, now() + interval '1 day' FROM contact_identities
        WHERE customer_id = ${visitor.id}`;
      const end = expire();
      await expect.poll(waiting).toHaveLength(1);
      return { end };
    });
    await expired.end;
    expect(await storedOf(visitor)).toEqual({ ...nothing, customers: 1, contacts: 1 });
    expect((await visitor.write('opening hours')).status).toBe(201);
  });
});

describe('a customer who was deleted', () => {
  it('begins a new visit when they come back', async () => {
    const visitor = await served();
    await age(visitor, 101);
    await expire();
    const late = await visitor.write('Are you there?');
    expect(late).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    const refreshed = await product.call('POST', '/v1/visitors/refresh', {
      body: { refreshToken: visitor.refreshToken },
    });
    expect(refreshed).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    expect((await (await product.visit()).write('hello')).status).toBe(201);
  });
});

describe('a file', () => {
  it('is deleted a day after the last message that had it', async () => {
    const [first, second] = [await served(), await served()];
    // The second message has the same file, as identical files of a channel are stored once.
    await sql`
      UPDATE messages SET content = (SELECT content FROM messages WHERE session_id = ${first.sessionId}
                                     AND content ? 'attachments' LIMIT 1)
      WHERE session_id = ${second.sessionId} AND content ? 'attachments'`;
    await age(first, 101);
    await expire();
    expect(await isFileUsed(first.sessionId)).toBe(true);
    await age(second, 101);
    await expire();
    expect(await isFileUsed(first.sessionId)).toBe(false);
    await run('sweep-files');
    expect(await isFileUsed(first.sessionId)).toBe(false);
    await sql`UPDATE files SET created_at = now() - interval '25 hours' WHERE used_at IS NULL`;
    await run('sweep-files');
    expect(await isFileUsed(first.sessionId)).toBeUndefined();
  });
});

describe('the source of an email', () => {
  it('goes with the messages of its time', async () => {
    const visitor = await served();
    const [{ key } = { key: '' }] = await sql<{ key: string }[]>`
      SELECT conversation_key AS key FROM sessions WHERE id = ${visitor.sessionId}`;
    const receive = (name: string, days: number, conversation: string | null) => sql`
      INSERT INTO inbound_emails (app_id, channel, source, deduplication_key, sender, recipient, raw, size_bytes, status,
                                  conversation_key, received_at)
      VALUES (1, 'email', 'smtp', ${name}, 'a', 'b', '', 0, 'handled', ${conversation}, now() - ${days} * interval '1 day')`;
    const left = async () =>
      (await sql<{ name: string }[]>`SELECT deduplication_key AS name FROM inbound_emails ORDER BY 1`).map(
        ({ name }) => name,
      );
    await sql`
      UPDATE messages SET created_at = now() - interval '150 days' WHERE session_id = ${visitor.sessionId}`;
    await receive('before its first message', 160, key);
    await receive('with its first message', 140, key);
    await receive('of no conversation', 101, null);
    await receive('young', 99, null);
    await expire();
    expect(await left()).toEqual(['with its first message', 'young']);
    await age(visitor, 101);
    await expire();
    expect(await left()).toEqual(['young']);
  });
});

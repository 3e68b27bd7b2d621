import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FacebookProduct, startFacebook } from '../support/facebook.ts';

let product: FacebookProduct;
let sql: FacebookProduct['database']['sql'];
beforeAll(async () => {
  product = await startFacebook({
    env: { RECORD_RETENTION_DAYS: '10', AUDIT_RETENTION_DAYS: '30', DEAD_LETTER_RETENTION_DAYS: '60' },
  });
  sql = product.database.sql;
});
afterAll(() => product.stop());

let people = 0;

/** A conversation with a delivered reply. */
async function answered() {
  const person = `kept-${++people}`;
  const session = await product.writes(person, 'hello');
  const message = await product.replies(session, 'An answer');
  await expect.poll(async () => (await product.deliveryOf(message)).status).toBe('sent');
  return { person, key: `1/page:${person}`, session, message };
}

/** Moves everything in a conversation this many days into the past. */
async function age(key: string, days: number) {
  await sql`
    UPDATE webhook_event_logs SET received_at = received_at - ${days} * interval '1 day' WHERE conversation_key = ${key}`;
  await sql`
    UPDATE deliveries SET created_at = created_at - ${days} * interval '1 day',
      finished_at = finished_at - ${days} * interval '1 day' WHERE conversation_key = ${key}`;
}

/** Runs the hourly trimming of records. */
async function trim() {
  const [{ id } = { id: 0 }] = await sql<{ id: string }[]>`
    SELECT id FROM graphile_worker.add_job('trim-records', '{}'::json)`;
  const jobs = async () => (await sql`SELECT FROM graphile_worker.jobs WHERE id = ${id}`).length;
  await expect.poll(jobs).toBe(0);
}

async function recordsOf(key: string) {
  const [row] = await sql<{ webhookEvents: number; deliveries: number; attempts: number }[]>`
    SELECT (SELECT count(*)::int FROM webhook_event_logs WHERE conversation_key = ${key}) AS "webhookEvents",
           (SELECT count(*)::int FROM deliveries WHERE conversation_key = ${key}) AS deliveries,
           (SELECT count(*)::int FROM delivery_attempts JOIN deliveries ON deliveries.id = delivery_id
            WHERE conversation_key = ${key}) AS attempts`;
  return row;
}

const none = { webhookEvents: 0, deliveries: 0, attempts: 0 };
const all = { webhookEvents: 1, deliveries: 2, attempts: 2 };

describe('the records of a conversation', () => {
  it('are kept for their retention period, and then deleted; the messages stay', async () => {
    const [old, young] = [await answered(), await answered()];
    await age(old.key, 11);
    await age(young.key, 9);
    await trim();
    expect(await recordsOf(old.key)).toEqual(none);
    expect(await recordsOf(young.key)).toEqual(all);
    const said = await sql`SELECT FROM messages WHERE conversation_key = ${old.key}`;
    expect(said.length).toBeGreaterThanOrEqual(3);
  });

  it('stay while something in it is unfinished', async () => {
    const [unhandled, unsent] = [await answered(), await answered()];
    await age(unhandled.key, 11);
    await age(unsent.key, 11);
    await sql`UPDATE webhook_event_logs SET status = 'received' WHERE conversation_key = ${unhandled.key}`;
    await sql`
      UPDATE deliveries SET status = 'queued', finished_at = NULL, next_attempt_at = now() + interval '1 day'
      WHERE message_id = ${unsent.message}`;
    await trim();
    expect((await recordsOf(unhandled.key))?.webhookEvents).toBe(1);
    expect(await recordsOf(unsent.key)).toEqual({ webhookEvents: 0, deliveries: 1, attempts: 1 });
  });

  it('stay while one of its events is parked, dead, or waits for a replay', async () => {
    const [dead, replayed] = [await answered(), await answered()];
    await age(dead.key, 11);
    await age(replayed.key, 11);
    await sql`
      INSERT INTO parked_events (subscription, partition, "offset", event_id, type, key, app_id, status)
      VALUES ('DeliverReply', 0, 999999, ${randomUUID()}, 'MessageReplyReadyEvent', ${dead.key}, 1, 'dead')`;
    await sql`INSERT INTO replays (actor, listeners, filter) VALUES ('test', ARRAY['DeliverReply'], '{}')`;
    await sql`
      INSERT INTO replay_entries (replay_id, subscription, partition, "offset", event_id, key, app_id, status)
      SELECT max(id), 'DeliverReply', 0, 999999, ${randomUUID()}, ${replayed.key}, 1, 'dead' FROM replays`;
    await trim();
    expect(await recordsOf(dead.key)).toEqual(all);
    expect(await recordsOf(replayed.key)).toEqual(all);
    await sql`DELETE FROM parked_events WHERE key = ${dead.key}`;
    await sql`UPDATE replay_entries SET status = 'done' WHERE key = ${replayed.key}`;
    await trim();
    expect(await recordsOf(dead.key)).toEqual(none);
    expect(await recordsOf(replayed.key)).toEqual(none);
  });

  it('are deleted, however many there are', async () => {
    await sql`
      INSERT INTO webhook_event_logs (app_id, channel, provider, deduplication_key, conversation_key, payload, status, received_at)
      SELECT 1, 'page', 'facebook', 'many ' || n, '1/page:many', '{}', 'ignored', now() - interval '40 days'
      FROM generate_series(1, 2500) AS n`;
    await trim();
    expect((await recordsOf('1/page:many'))?.webhookEvents).toBe(0);
  });
});

describe('a replay', () => {
  it('is deleted with its entries after it has ended; one with a dead letter stays complete', async () => {
    await sql`
      INSERT INTO replays (actor, listeners, filter, created_at)
      SELECT name, ARRAY['DeliverReply'], '{}', now() - interval '11 days' FROM unnest(ARRAY['over', 'open']) AS name`;
    await sql`INSERT INTO replays (actor, listeners, filter) VALUES ('young', ARRAY['DeliverReply'], '{}')`;
    await sql`
      INSERT INTO replay_entries (replay_id, subscription, partition, "offset", event_id, key, app_id, status)
      SELECT id, 'DeliverReply', 1, n, gen_random_uuid(), 'k', 1,
             CASE WHEN actor = 'open' AND n = 7 THEN 'dead' WHEN n % 2 = 0 THEN 'done' ELSE 'skipped' END
      FROM replays, generate_series(1, 1200) AS n WHERE actor IN ('over', 'open', 'young')`;
    await sql`
      INSERT INTO parked_events (subscription, partition, "offset", event_id, type, key, app_id, status, replay_id)
      SELECT subscription, partition, "offset", event_id, 'MessageReplyReadyEvent', key, 1, 'dead', replay_id
      FROM replay_entries JOIN replays ON replays.id = replay_id WHERE actor = 'open' AND status = 'dead'`;
    const left = () => sql`
      SELECT actor, (SELECT count(*)::int FROM replay_entries WHERE replay_id = replays.id) AS entries
      FROM replays WHERE actor IN ('over', 'open', 'young') ORDER BY actor`;
    await trim();
    const [open, young] = ['open', 'young'].map((actor) => ({ actor, entries: 1200 }));
    expect(await left()).toEqual([open, young]);
    // As a person discards it.
    await sql`DELETE FROM parked_events WHERE key = 'k'`;
    await trim();
    expect(await left()).toEqual([young]);
  });
});

describe('what nothing depends on any longer', () => {
  it('is deleted: how far customers have read, and jobs that failed', async () => {
    await sql`
      INSERT INTO receipt_watermarks (conversation_key, delivered_until, read_until)
      SELECT 'read ' || days || ' ' || n, now() - days * interval '1 day', NULL
      FROM unnest(ARRAY[9, 11]) AS days, generate_series(1, 600) AS n`;
    await sql`SELECT graphile_worker.add_job('trim-records', '{}'::json, max_attempts => 1, run_at => now() + interval '1 day')
      FROM generate_series(1, 3)`;
    await sql`
      UPDATE graphile_worker._private_jobs SET attempts = 1, last_error = 'failed', updated_at = now() - interval '11 days'
      WHERE run_at > now() + interval '1 hour'
        AND task_id = (SELECT id FROM graphile_worker._private_tasks WHERE identifier = 'trim-records')`;
    const left = async () => {
      const [row] = await sql`
        SELECT (SELECT count(*)::int FROM receipt_watermarks WHERE conversation_key LIKE 'read 11 %') AS old,
               (SELECT count(*)::int FROM receipt_watermarks WHERE conversation_key LIKE 'read 9 %') AS young,
               (SELECT count(*)::int FROM graphile_worker.jobs WHERE last_error = 'failed') AS jobs`;
      return row;
    };
    expect(await left()).toEqual({ old: 600, young: 600, jobs: 3 });
    await trim();
    expect(await left()).toEqual({ old: 0, young: 600, jobs: 0 });
  });
});

describe('a dead letter', () => {
  it('is discarded once its period has passed, which is audited; what waits for a retry stays', async () => {
    await sql`
      INSERT INTO parked_events (subscription, partition, "offset", event_id, type, key, app_id, status, parked_at, retry_at)
      SELECT 'DeliverReply', 2, n, gen_random_uuid(), 'MessageReplyReadyEvent', 'kept ' || days || ' ' || status, 1, status,
             now() - days * interval '1 day', now() + interval '1 hour'
      FROM unnest(ARRAY[59, 61, 61], ARRAY['dead', 'dead', 'waiting']) WITH ORDINALITY AS parked (days, status, n)`;
    await trim();
    const left = await sql`SELECT key FROM parked_events WHERE key LIKE 'kept %' ORDER BY key`;
    expect(left).toEqual([{ key: 'kept 59 dead' }, { key: 'kept 61 waiting' }]);
    const audited = await sql`
      SELECT actor, app_id, detail ->> 'count' AS count FROM audit_entries WHERE action = 'dead-letter.discard'`;
    expect(audited).toEqual([{ actor: 'timeout', app_id: 1, count: '1' }]);
    await sql`DELETE FROM parked_events WHERE key LIKE 'kept %'`;
  });
});

describe('a used refresh token', () => {
  it('is deleted after a month; the one that replaced it stays', async () => {
    await sql`
      INSERT INTO refresh_tokens (id, family, token_hash, agent_id, expires_at, used_at)
      SELECT gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'token ' || n, (SELECT min(id) FROM agents),
             now() + interval '300 days', used_at
      FROM unnest(ARRAY[now() - interval '31 days', now() - interval '29 days', NULL]) WITH ORDINALITY AS used (used_at, n)`;
    await trim();
    const left =
      await sql`SELECT token_hash FROM refresh_tokens WHERE token_hash LIKE 'token %' ORDER BY token_hash`;
    expect(left).toEqual([{ token_hash: 'token 2' }, { token_hash: 'token 3' }]);
  });
});

describe('the audit log', () => {
  it('is kept for its own retention period', async () => {
    await sql`
      INSERT INTO audit_entries (actor, action, at)
      SELECT 'agent 1', 'kept.' || days, now() - days * interval '1 day' - interval '1 hour'
      FROM unnest(ARRAY[29, 30, 400]) AS days, generate_series(1, 700)`;
    await trim();
    const left = await sql`
      SELECT action, count(*)::int AS entries FROM audit_entries WHERE action LIKE 'kept.%' GROUP BY action`;
    expect(left).toEqual([{ action: 'kept.29', entries: 700 }]);
  });
});

describe('a delivery that is no longer on record', () => {
  it('is not repeated when its event is replayed', async () => {
    const { person, key, message } = await answered();
    await age(key, 11);
    await trim();
    const admin = await product.employ({ role: 'admin' });
    const [event] = await sql<{ id: string }[]>`
      SELECT id FROM events WHERE type = 'MessageReplyReadyEvent' AND (data -> 'message' ->> 'id')::int = ${message}`;
    const replay = await admin.call('POST', '/v1/admin/replays', {
      listeners: ['DeliverReply'],
      filter: { eventId: event?.id },
    });
    expect(replay.status, JSON.stringify(replay.body)).toBeLessThan(300);
    const done = async () =>
      (await sql`SELECT FROM replay_entries WHERE event_id = ${event?.id ?? ''} AND status = 'done'`).length;
    await expect.poll(done).toBe(1);
    // A later reply is sent after anything that the replay would have sent.
    const next = await product.replies(await product.writes(person, 'still there?'), 'Yes');
    await expect.poll(async () => (await product.deliveryOf(next)).status).toBe('sent');
    expect(product.graph.textsFor(person)).toEqual(['In line.', 'An answer', 'Yes']);
    expect((await product.deliveryOf(message)).status).toBe('none');
  });
});

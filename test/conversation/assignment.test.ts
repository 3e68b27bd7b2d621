import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sql } from '../../packages/server/src/db/sql.ts';
import { type Employed, startTestProduct, type TestProduct, type Visitor } from '../support/product.ts';

let product: TestProduct;
let admin: Employed;
beforeAll(async () => {
  product = await startTestProduct({ JOB_CONCURRENCY: '1' });
  admin = await product.employ({ role: 'admin' });
});
afterAll(() => product.stop());

const useStrategy = (assignment: string) =>
  admin.call('PATCH', '/v1/admin/apps/1', { settings: { assignment } });

/** A visitor who has asked for an agent. */
async function queued(): Promise<Visitor> {
  const visitor = await product.visit();
  await visitor.write('I need a human');
  return visitor;
}

async function onlineAgent(capacity: number): Promise<Employed> {
  const agent = await product.employ({ capacity });
  await agent.call('PUT', '/v1/agents/me/availability', { availability: 'online' });
  return agent;
}

/** The agent of a visitor, and the status of their queue item. */
async function itemOf({ sessionId }: Visitor) {
  const [item] = await product.database.sql<{ id: number; status: string; agent: number | null }[]>`
    SELECT id, status, assigned_agent_id AS agent FROM queue_items WHERE session_id = ${sessionId}`;
  return item;
}

describe('assignment', () => {
  it('goes on while other jobs take minutes, however many there are', async () => {
    const { sql } = product.database;
    await useStrategy('least_busy');
    const agent = await onlineAgent(1);
    await sql.begin(async (locking) => {
      await locking`LOCK TABLE event_segments IN ACCESS EXCLUSIVE MODE`;
      await sql`
        SELECT graphile_worker.add_job('load-segment', json_build_object('segmentId', number))
        FROM generate_series(1, 20) AS number`;
      await expect.poll(() => loading(sql)).not.toEqual([]);
      const visitor = await queued();
      await expect.poll(() => itemOf(visitor)).toMatchObject({ status: 'assigned', agent: agent.id });
      expect(await loading(sql)).not.toEqual([]);
    });
  });

  it('by skill reaches an item behind hundreds that need skills that no available agent has', async () => {
    const { sql } = product.database;
    await useStrategy('manual');
    const first = await queued();
    await expect.poll(() => itemOf(first)).toMatchObject({ status: 'waiting' });
    await sql`UPDATE queue_items SET skills = '["danish"]', priority = 'high' WHERE session_id = ${first.sessionId}`;
    await sql`
      WITH copies AS (
        INSERT INTO sessions (app_id, customer_id, contact_identity_id, conversation_key, channel, path, expires_at)
        SELECT app_id, customer_id, contact_identity_id, conversation_key || number, channel, path, expires_at
        FROM sessions, generate_series(1, 1100) AS number WHERE id = ${first.sessionId}
        RETURNING id, conversation_key)
      INSERT INTO queue_items (app_id, session_id, customer_id, case_id, conversation_key, queue, reason, skills, priority)
      SELECT app_id, copies.id, customer_id, case_id, copies.conversation_key, queue, reason,
             CASE copies.id % 2 WHEN 0 THEN skills ELSE '["greek", "danish"]' END, priority
      FROM queue_items, copies WHERE session_id = ${first.sessionId}`;
    const last = await queued();
    await expect.poll(() => itemOf(last)).toMatchObject({ status: 'waiting' });
    const agent = await onlineAgent(5);
    await useStrategy('skill');
    await sql`SELECT graphile_worker.add_job('assign-all-waiting')`;
    await expect.poll(() => itemOf(last)).toMatchObject({ status: 'assigned', agent: agent.id });
    expect(await itemOf(first)).toMatchObject({ status: 'waiting' });
    const [waiting] = await sql`SELECT count(*)::int AS items FROM queue_items WHERE status = 'waiting'`;
    expect(waiting).toEqual({ items: 1101 });
  });

  /** The connections of jobs that wait for the archive's table. */
  const loading = (sql: Sql) => sql`
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FROM event_segments%'`;
});

describe('a slow job', () => {
  it('counts for the app that causes it', async () => {
    const { sql } = product.database;
    // What is enqueued from here on waits, so that it can be looked at.
    await sql.unsafe(`
      CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql
      AS $$ BEGIN NEW.run_at = now() + interval '1 hour'; RETURN NEW; END $$;
      CREATE TRIGGER wait BEFORE INSERT ON graphile_worker._private_jobs FOR EACH ROW
      WHEN (NEW.key LIKE 'segment %' OR NEW.key LIKE 'emails %') EXECUTE FUNCTION wait()`);
    const [segment] = await sql<{ id: number }[]>`
      INSERT INTO event_segments (app_id, first_id, last_id, first_at, last_at, events, bytes, digest, status)
      VALUES (1, gen_random_uuid(), gen_random_uuid(), now(), now(), 1, 1, '', 'archived') RETURNING id`;
    const load = await admin.call('POST', `/v1/admin/event-archive/${segment?.id}/load`);
    expect(load.status).toBe(202);
    await sql`
      INSERT INTO inbound_emails (app_id, channel, source, deduplication_key, sender, recipient, raw, size_bytes, received_at)
      VALUES (1, 'email', 'smtp', 'one', 'kim@example.com', 'help@example.com', '', 0, now() - interval '1 hour')`;
    await sql`SELECT graphile_worker.add_job('resume-emails')`;
    const flags = () => sql`
      SELECT task_identifier AS task, flags FROM graphile_worker.jobs
      WHERE key LIKE 'segment %' OR key LIKE 'emails %' ORDER BY 1`;
    await expect.poll(flags).toEqual([
      { task: 'load-segment', flags: { 'app:1': true } },
      { task: 'process-emails', flags: { 'app:1': true } },
    ]);
  });
});

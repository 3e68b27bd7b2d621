import { signWebhook } from '@mevrik/stand-ins';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmailProduct, startEmail } from '../support/email.ts';
import { ofComment, ofThread, page } from '../support/facebook.ts';
import type { Employed } from '../support/product.ts';

let product: EmailProduct;
let admin: Employed;
beforeAll(async () => {
  product = await startEmail({ settings: { welcome: true } });
  admin = await product.employ({ role: 'admin' });
  await admin.call('PUT', '/v1/admin/apps/1/channels/page', { kind: 'facebook', settings: page });
  await admin.call('PUT', '/v1/admin/apps/1/rules', { rules: [] });
});
afterAll(() => product.stop());

const webhook = (body: object) =>
  product.call('POST', `/webhooks/facebook/${product.app.key}/page`, signWebhook(body, page.appSecret));

/** The listeners that have not handled all events of a conversation. */
const unhandled = (key: string) => product.database.sql`
  SELECT type, subscription FROM events JOIN checkpoints USING (partition)
  WHERE key = ${key} AND checkpoints."offset" < events."offset"`;

/** Everything that a repetition must not change. */
async function contentOf(key: string) {
  const { sql } = product.database;
  return {
    sessions: await sql`
      SELECT id, social_context FROM sessions WHERE conversation_key = ${key} ORDER BY id`,
    // Without notes to the desk: a slow mail server adds one.
    messages: await sql`
      SELECT id, content FROM messages WHERE conversation_key = ${key} AND sender_type <> 'system' ORDER BY id`,
    opened: await sql`SELECT id FROM events WHERE key = ${key} AND type = 'SessionCreatedEvent'`,
  };
}

/** Waits until a conversation has been handled, and lets its session expire. @returns its content. */
async function expired(key: string) {
  const { sql } = product.database;
  const stored = () => sql`SELECT id FROM messages WHERE conversation_key = ${key} AND NOT is_reply`;
  await expect.poll(stored).not.toEqual([]);
  await expect.poll(() => unhandled(key)).toEqual([]);
  await sql`
    UPDATE sessions SET expires_at = now() - interval '1 minute', open_case_id = NULL WHERE conversation_key = ${key}`;
  return contentOf(key);
}

/** A customer has written on Facebook. @returns the conversation. */
async function writtenOnFacebook(person: string): Promise<string> {
  await webhook(ofThread({ sender: { id: person }, message: { mid: `mid.${person}`, text: 'hello' } }));
  return `1/page:${person}`;
}

async function replayWebhook(key: string) {
  const [log] = await product.database.sql<{ id: number }[]>`
    SELECT id FROM webhook_event_logs WHERE conversation_key = ${key} ORDER BY id LIMIT 1`;
  expect((await admin.call('POST', `/v1/admin/webhook-events/${log?.id}/replay`)).status).toBe(202);
  const status = async () => (await admin.call('GET', `/v1/admin/webhook-events/${log?.id}`)).body.status;
  await expect.poll(status).toBe('handled');
  await expect.poll(() => unhandled(key)).toEqual([]);
}

describe('a repeated message whose session has expired opens no session:', () => {
  it('a webhook event that is replayed', async () => {
    const key = await writtenOnFacebook('returning');
    const before = await expired(key);
    await replayWebhook(key);
    expect(await contentOf(key)).toEqual(before);
  });

  it('an email that is replayed', async () => {
    const { messageId } = await product.send({ from: 'returning@home.example', text: 'hello' });
    const key = '1/mail:returning@home.example';
    const before = await expired(key);
    const record = async () => (await product.kept()).find((one) => one.message_id === messageId);
    const id = (await record())?.id;
    expect((await admin.call('POST', `/v1/admin/emails/${id}/replay`)).status).toBe(202);
    await expect.poll(async () => (await record())?.status).toBe('handled');
    await expect.poll(() => unhandled(key)).toEqual([]);
    expect(await contentOf(key)).toEqual(before);
  });

  it('an event that is replayed for StoreReceivedMessage', async () => {
    const key = await writtenOnFacebook('replayed');
    const before = await expired(key);
    const [event] = await product.database.sql<{ id: string }[]>`
      SELECT id FROM events WHERE key = ${key} AND type = 'NewMessageReceivedEvent'`;
    const replay = { listeners: ['StoreReceivedMessage'], filter: { eventId: event?.id }, expected: 1 };
    const { status, body } = await admin.call('POST', '/v1/admin/replays', replay);
    expect(status, JSON.stringify(body)).toBe(202);
    const state = async () => (await admin.call('GET', `/v1/admin/replays/${body.id}`)).body.status;
    await expect.poll(state).toBe('done');
    expect(await contentOf(key)).toEqual(before);
  });

  it('a request of a visitor that is sent again', async () => {
    const visitor = await product.visit();
    const first = await visitor.write('hello', 'once');
    const key = await keyOf(visitor.sessionId);
    const before = await expired(key);
    const { status, body } = await visitor.write('hello', 'once');
    expect([status, body.message, body.session.id]).toEqual([200, first.body.message, visitor.sessionId]);
    expect(await contentOf(key)).toEqual(before);
  });
});

describe('a repeated message', () => {
  it('does not return the session to an earlier comment', async () => {
    const key = '1/page:comments:carl';
    const comment = (id: string) => ofComment({ comment_id: id, from: { id: 'carl', name: 'Carl' } });
    await webhook(comment('900_21'));
    await webhook(comment('900_22'));
    const newest = async () => (await contentOf(key)).sessions.at(-1)?.social_context?.commentId;
    await expect.poll(newest).toBe('900_22');
    await expect.poll(() => unhandled(key)).toEqual([]);
    await replayWebhook(key);
    expect(await newest()).toBe('900_22');
  });

  it('that is stored by a concurrent request opens no session', async () => {
    const { sql } = product.database;
    const visitor = await product.visit();
    const { body } = await visitor.write('hello', 'once');
    const key = await keyOf(visitor.sessionId);
    const before = await expired(key);
    // As if the first request had not stored it yet.
    const [hidden] = await sql<{ idempotency_key: string }[]>`
      UPDATE messages SET idempotency_key = NULL FROM (SELECT id, idempotency_key FROM messages) AS old
      WHERE messages.id = ${body.message.id} AND old.id = messages.id RETURNING old.idempotency_key`;
    const waiting = () => sql`
      SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    const answer = await sql.begin(async (first) => {
      await first`SELECT FROM contact_identities WHERE conversation_key = ${key} FOR UPDATE`;
      const repeated = visitor.write('hello', 'once');
      await expect.poll(waiting).toHaveLength(1);
      await first`
        UPDATE messages SET idempotency_key = ${hidden?.idempotency_key ?? null} WHERE id = ${body.message.id}`;
      return { repeated };
    });
    const { status, body: problem } = await answer.repeated;
    expect([status, problem.code]).toEqual([409, 'conflict']);
    expect(await contentOf(key)).toEqual(before);
    expect(await visitor.write('hello', 'once')).toMatchObject({
      status: 200,
      body: { message: body.message },
    });
    expect(await contentOf(key)).toEqual(before);
  });
});

async function keyOf(sessionId: number): Promise<string> {
  const [session] = await product.database.sql<{ key: string }[]>`
    SELECT conversation_key AS key FROM sessions WHERE id = ${sessionId}`;
  return session?.key ?? '';
}

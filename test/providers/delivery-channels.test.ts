import type { AcceptedMessage } from '@mevrik/stand-ins';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FacebookProduct, page, quick, startFacebook } from '../support/facebook.ts';

/** The replies sent so far; requests for a customer's name do not count. */
const sendings = () => product.graph.requests.filter((request) => request.startsWith('POST ')).length;
let product: FacebookProduct;
const second = { ...page, pageId: '901', pageToken: 'page-token-of-901' };
beforeAll(async () => {
  product = await startFacebook({ settings: { delivery: { ...quick, attempts: 2, fallback: ['second'] } } });
  const { sql } = product.database;
  await sql`
    INSERT INTO channels (app_id, name, kind, settings)
    VALUES (1, 'second', 'facebook', ${JSON.stringify(second)}::jsonb)`;
  const admin = await product.employ({ role: 'admin' });
  await admin.call('PATCH', '/v1/admin/apps/1', {});
});
afterAll(() => product.stop());
beforeEach(() => product.graph.behave());

let people = 0;
const to = (person: string) => (given: Omit<AcceptedMessage, 'id'>) => given.body.recipient?.id === person;
const statusOf = async (messageId: number) => (await product.deliveryOf(messageId)).status;
const health = async () => {
  const [row] = await product.database.sql`
    SELECT is_down, reason, paused_until > now() AS is_paused, failures FROM channel_health WHERE channel = 'page'`;
  return row;
};

async function conversation() {
  const person = `channel-${++people}`;
  const session = await product.writes(person, 'hello');
  await expect.poll(() => product.graph.textsFor(person)).toEqual(['In line.']);
  // Until it is recorded as sent, its success would end a row of failures.
  const unrecorded = () => product.database.sql`
    SELECT FROM deliveries WHERE session_id = ${session} AND status IN ('queued', 'sending')`;
  await expect.poll(unrecorded).toHaveLength(0);
  return {
    person,
    say: (text: string) => product.replies(session, text),
    received: () => product.graph.textsFor(person).slice(1),
  };
}

describe('a channel with an invalid token', () => {
  it('is down: messages wait without using attempts, and are sent in order once the token is valid', async () => {
    const conversations = [await conversation(), await conversation()];
    product.graph.revoke(page.pageToken);
    const messages: number[] = [];
    for (const { say } of conversations) messages.push(await say('one'), await say('two'));
    await expect.poll(async () => (await health())?.is_down).toBe(true);
    const down = await health();
    expect(down?.reason).toContain('token is no longer valid');
    expect(down?.reason).not.toContain(page.pageToken);
    await expect.poll(() => Promise.all(messages.map(statusOf))).toEqual(Array(4).fill('queued'));
    product.graph.grant(page.pageToken);
    for (const message of messages) await expect.poll(() => statusOf(message)).toBe('sent');
    for (const { received } of conversations) expect(received()).toEqual(['one', 'two']);
    expect(await health()).toMatchObject({ is_down: false, reason: null });
    const audit = await product.database.sql`
      SELECT action FROM audit_entries WHERE action LIKE 'channel.%' AND target = 'page' ORDER BY id`;
    expect(audit.map(({ action }) => action)).toEqual(['channel.down', 'channel.up']);
  });

  it('is probed immediately when it gets a new one', async () => {
    const { say } = await conversation();
    product.graph.revoke(page.pageToken);
    const message = await say('wait for it');
    await expect.poll(async () => (await health())?.is_down).toBe(true);
    const admin = await product.employ({ role: 'admin' });
    const settings = { ...page, pageToken: 'a new page token' };
    const put = await admin.call('PUT', '/v1/admin/apps/1/channels/page', { kind: 'facebook', settings });
    expect(put.status).toBe(200);
    await expect.poll(() => statusOf(message)).toBe('sent');
    product.graph.grant(page.pageToken);
  });
});

describe('a provider that is unavailable', () => {
  it('takes the channel down after consecutive failures, and the order is kept', async () => {
    const conversations = [await conversation(), await conversation(), await conversation()];
    // Not the requests for the names of the new contacts, and not those of the fallback channel.
    const isSending = (given: Omit<AcceptedMessage, 'id'>) =>
      given.page === page.pageId && given.body.recipient !== undefined;
    product.graph.misbehave({ does: 'bad-gateway' }, 100, isSending);
    const messages: number[] = [];
    for (const { say } of conversations) messages.push(await say('one'));
    await expect.poll(async () => (await health())?.is_down ?? false).toBe(true);
    expect((await health())?.reason).toContain('5 attempts in a row failed');
    product.graph.behave();
    for (const message of messages) {
      await expect.poll(() => statusOf(message)).toMatch(/sent|failed/);
    }
    expect(await health()).toMatchObject({ is_down: false, failures: 0 });
  });
});

describe('a rate limit', () => {
  it('pauses the whole channel for as long as the provider asks, without using attempts', async () => {
    const [one, other] = [await conversation(), await conversation()];
    const busy = { does: 'refuse', code: 613, headers: { 'retry-after': '3' } } as const;
    product.graph.misbehave(busy, 1, to(one.person));
    const first = await one.say('one');
    await expect.poll(async () => (await health())?.is_paused).toBe(true);
    const second = await other.say('two');
    const requests = sendings();
    await expect.poll(() => statusOf(second)).toBe('queued');
    expect(await statusOf(first)).toBe('queued');
    expect(sendings()).toBe(requests);
    await expect.poll(() => statusOf(second)).toBe('sent');
    await expect.poll(() => statusOf(first)).toBe('sent');
    expect((await health())?.is_down).toBe(false);
  });

  it('that is nearly reached pauses the channel in advance', async () => {
    const { say } = await conversation();
    const usage = JSON.stringify({ call_count: 96, total_time: 10, total_cputime: 10 });
    product.graph.misbehave({ does: 'add-headers', headers: { 'x-app-usage': usage } });
    const message = await say('the last one for now');
    await expect.poll(() => statusOf(message)).toBe('sent');
    expect((await health())?.is_paused).toBe(true);
    await product.database.sql`UPDATE channel_health SET paused_until = NULL`;
  });
});

describe('a failed message', () => {
  it('is sent over the app’s fallback channels, once over each', async () => {
    const { person, say } = await conversation();
    const { sql } = product.database;
    await sql`
      INSERT INTO contact_identities (app_id, customer_id, channel, contact_id, conversation_key)
      SELECT 1, customer_id, 'second', ${`${person}-too`}, ${`1/second:${person}-too`}
      FROM contact_identities WHERE conversation_key = ${`1/page:${person}`}`;
    // The customer has written on the other page as well, so we may reply there.
    await sql`
      INSERT INTO messages (app_id, session_id, customer_id, conversation_key, channel, kind, is_reply, agent_type,
                            sender_type, content, delivery_status)
      SELECT app_id, session_id, customer_id, ${`1/second:${person}-too`}, 'second', kind, is_reply, agent_type,
             sender_type, content, delivery_status
      FROM messages WHERE conversation_key = ${`1/page:${person}`} AND NOT is_reply`;
    product.graph.misbehave({ does: 'refuse', code: 551 }, 1, to(person));
    const message = await say('one way or another');
    await expect.poll(() => product.graph.textsFor(`${person}-too`)).toEqual(['one way or another']);
    await expect.poll(() => statusOf(message)).toBe('sent');
    expect(product.graph.accepted.at(-1)).toMatchObject({ page: '901' });
    const rows = await sql`SELECT channel, status FROM deliveries WHERE message_id = ${message} ORDER BY id`;
    expect(rows).toEqual([
      { channel: 'page', status: 'failed' },
      { channel: 'second', status: 'sent' },
    ]);
    const [shown] = await sql`SELECT delivery_status FROM messages WHERE id = ${message}`;
    expect(shown?.delivery_status).toBe('sent');
  });

  it('fails when no fallback channel is left', async () => {
    const { person, say } = await conversation();
    product.graph.misbehave({ does: 'refuse', code: 551 }, 1, to(person));
    const message = await say('nowhere to go');
    const shown = async () =>
      (await product.database.sql`SELECT delivery_status FROM messages WHERE id = ${message}`)[0]
        ?.delivery_status;
    await expect.poll(shown).toBe('failed');
    expect(await statusOf(message)).toBe('failed');
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openEventStream } from '../../scripts/demo/event-stream.ts';
import {
  type FacebookProduct,
  ofComment,
  ofThread,
  page,
  quick,
  startFacebook,
} from '../support/facebook.ts';
import type { Employed } from '../support/product.ts';

const hourMs = 3_600_000;
/** The replies sent so far; requests for a customer's name do not count. */
const sendings = () => product.graph.requests.filter((request) => request.startsWith('POST ')).length;
let product: FacebookProduct;
let admin: Employed;
let supervisor: Employed;
let agent: Employed;
beforeAll(async () => {
  product = await startFacebook({ settings: { delivery: { ...quick, attempts: 2 } } });
  admin = await product.employ({ role: 'admin' });
  supervisor = await product.employ({ role: 'supervisor' });
  agent = await product.employ({ capacity: 1000 });
});
afterAll(() => product.stop());
beforeEach(() => product.graph.behave());

const statusOf = async (messageId: number) => (await product.deliveryOf(messageId)).status;
const rowOf = async (session: number) =>
  (await agent.call('GET', `/v1/sessions/${session}/conversation`)).body;
const change = (settings: object) =>
  admin.call('PUT', '/v1/admin/apps/1/channels/page', {
    kind: 'facebook',
    settings: { ...page, ...settings },
  });
let people = 0;
const newContact = () => `desk-${++people}`;

/** A comment that has become a conversation. @returns its session. */
async function commented(id: string, from: string, more: object = {}): Promise<number> {
  await product.webhook(ofComment({ comment_id: id, from: { id: from, name: 'Carl' }, ...more }));
  const session = async () => {
    const [row] = await product.database.sql<{ id: number }[]>`
      SELECT session_id::int AS id FROM messages JOIN sessions ON sessions.id = session_id
      WHERE external_id = ${id} AND sessions.path <> 'bot'`;
    return row?.id;
  };
  await expect.poll(session).toBeDefined();
  return (await session()) ?? 0;
}

describe('an agent sees', () => {
  it('until when a conversation can be answered, also with the Human Agent tag', async () => {
    const session = await product.writes(newContact(), 'hello');
    const [said] = await product.database.sql<{ at: string }[]>`
      SELECT created_at AS at FROM messages WHERE session_id = ${session} AND NOT is_reply`;
    const hoursLater = (hours: number) => new Date(Date.parse(said?.at ?? '') + hours * hourMs).toISOString();
    expect((await rowOf(session)).replyWindow).toEqual({
      closesAt: hoursLater(24),
      closesForAgentsAt: hoursLater(24),
    });
    await change({ humanAgentTag: true });
    expect((await rowOf(session)).replyWindow).toEqual({
      closesAt: hoursLater(24),
      closesForAgentsAt: hoursLater(7 * 24),
    });
    await change({});
    const { items } = (await agent.call('GET', '/v1/conversations')).body;
    expect(items.find((row: { session: { id: number } }) => row.session.id === session)).toMatchObject({
      replyWindow: { closesAt: hoursLater(24) },
      comment: null,
    });
  });

  it('the post of a comment, fetched once; without the permission, only the comment', async () => {
    const post = { id: '900_8', message: 'New in the shop', full_picture: 'https://facebook.example/8.png' };
    product.graph.publish(post);
    const session = await commented('900_84', 'cora', { post_id: '900_8' });
    const expectedPost = { text: 'New in the shop', imageUrl: 'https://facebook.example/8.png' };
    const shown = async (id: number) => (await rowOf(id)).comment;
    await expect.poll(async () => (await shown(session)).post).toEqual(expectedPost);
    await product.webhook(ofComment({ comment_id: '900_86', post_id: '900_8', from: { id: 'cora' } }));
    await expect.poll(() => shown(session)).toMatchObject({ commentId: '900_86', post: expectedPost });
    expect(product.graph.requests.filter((request) => request === 'GET /900_8')).toHaveLength(1);
    const answered = await product.replies(session, 'Thank you!');
    await expect.poll(() => statusOf(answered)).toBe('sent');
    product.graph.conceal('900_9');
    const other = await commented('900_94', 'cleo', { post_id: '900_9' });
    await expect.poll(() => product.graph.requests).toContain('GET /900_9');
    expect(await shown(other)).toMatchObject({ postId: '900_9', post: null });
  });

  it('the comment to answer and its post, without a reply window', async () => {
    const session = await commented('900_71', 'carl', {
      post_id: '900_7',
      post: { permalink_url: 'https://facebook.example/900_7' },
    });
    const { replyWindow, comment } = await rowOf(session);
    expect(replyWindow).toBeNull();
    expect(comment).toMatchObject({
      platform: 'facebook',
      commentId: '900_71',
      postId: '900_7',
      postUrl: 'https://facebook.example/900_7',
      privateReply: { isUsed: false },
    });
    const visitor = await product.visit();
    expect(await rowOf(visitor.sessionId)).toMatchObject({ replyWindow: null, comment: null });
  });
});

describe('a reply to a comment', () => {
  it('is public, or private once; a second private one fails with a reason', async () => {
    const session = await commented('900_81', 'dora');
    const open = await product.replies(session, { text: 'Thanks!' });
    const first = await product.replies(session, { text: 'Here is your code', privately: true });
    await expect.poll(() => statusOf(first)).toBe('sent');
    expect(await statusOf(open)).toBe('sent');
    expect((await rowOf(session)).comment.privateReply.isUsed).toBe(true);
    const before = sendings();
    const second = await product.replies(session, { text: 'And another', privately: true });
    const failed = async () => {
      const [row] = await product.database.sql`SELECT delivery_error FROM messages WHERE id = ${second}`;
      return row?.delivery_error;
    };
    await expect.poll(failed).toContain('private reply to this comment was already sent');
    expect(sendings()).toBe(before);
    const answers = product.graph.accepted
      .filter(({ page: where, body }) => where === '900_81' || body.recipient?.comment_id === '900_81')
      .map(({ edge, body }) => [edge, body.message.text ?? body.message]);
    expect(answers).toEqual([
      ['comments', 'Thanks!'],
      ['messages', 'Here is your code'],
    ]);
  });

  it('is only written by agents: messages of the bot and the system are withheld', async () => {
    const session = await commented('900_85', 'dina');
    const said = () => product.database.sql`
      SELECT delivery_status AS status, delivery_error AS error FROM messages
      WHERE session_id = ${session} AND is_reply AND content ->> 'text' = 'In line.'`;
    const error = expect.stringContaining('Only agents’ replies are posted under comments');
    await expect.poll(said).toEqual([{ status: 'failed', error }]);
    const troubled = await product.database.sql`
      SELECT FROM events WHERE type = 'MessageDeliveryFailedEvent' AND session_id = ${session}`;
    expect(troubled).toEqual([]);
  });

  it('cannot be private after seven days', async () => {
    const session = await commented('900_91', 'ella');
    await product.database.sql`
      UPDATE messages SET created_at = now() - interval '8 days' WHERE external_id = '900_91'`;
    const message = await product.replies(session, { text: 'Too late', privately: true });
    await expect.poll(() => statusOf(message)).toBe('failed');
    expect((await product.deliveryOf(message)).error).toContain('seven days old');
  });

  it('shows the edits and the deletion of the comment', async () => {
    const session = await commented('900_95', 'finn', { message: 'Where is it?' });
    const said = async () => {
      const [row] = await product.database.sql`SELECT content FROM messages WHERE external_id = '900_95'`;
      return row?.content;
    };
    const from = { id: 'finn', name: 'Finn' };
    await product.webhook(ofComment({ comment_id: '900_95', from, verb: 'edited', message: 'Found it.' }));
    await expect.poll(said).toEqual({ text: 'Found it.' });
    await product.webhook(ofComment({ comment_id: '900_95', from, verb: 'remove', message: undefined }));
    await expect.poll(said).toEqual({});
    const { items } = (await agent.call('GET', `/v1/sessions/${session}/messages`)).body;
    const notes = items.flatMap(({ kind, content }: { kind: string; content: { text: string } }) =>
      kind === 'note' ? [content.text] : [],
    );
    expect(notes).toContainEqual(expect.stringContaining('It was: Where is it?'));
  });
});

describe('a failed message', () => {
  it('is retried by an agent with all attempts, and audited', async () => {
    const person = newContact();
    const session = await product.writes(person, 'hello');
    product.graph.misbehave({ does: 'refuse', code: 551 }, 1, ({ body }) => body.message?.text === 'again');
    const message = await product.replies(session, 'again');
    const failed = async () => {
      const [row] = await product.database
        .sql`SELECT delivery_status AS status FROM messages WHERE id = ${message}`;
      return row?.status;
    };
    await expect.poll(failed).toBe('failed');
    const { status, body } = await agent.call('POST', `/v1/messages/${message}/retry`);
    expect([status, body.message?.deliveryStatus]).toEqual([202, 'pending']);
    await expect.poll(() => statusOf(message)).toBe('sent');
    const { items } = (await agent.call('GET', `/v1/messages/${message}/deliveries`)).body;
    expect(items).toMatchObject([
      {
        channel: 'page',
        contactId: person,
        status: 'sent',
        doubts: 0,
        attempts: [
          { part: 0, outcome: 'permanent', error: expect.stringContaining('not available') },
          { part: 0, outcome: 'sent', externalId: expect.any(String) },
        ],
      },
    ]);
    const second = await agent.call('POST', `/v1/messages/${message}/retry`);
    expect([second.status, second.body.code]).toEqual([409, 'conflict']);
    const audit = await product.database.sql`SELECT actor FROM audit_entries WHERE action = 'message.retry'`;
    expect(audit).toEqual([{ actor: `agent ${agent.id}` }]);
    const stranger = await product.employ({ appIds: [] });
    expect((await stranger.call('POST', `/v1/messages/${message}/retry`)).status).toBe(403);
    expect((await stranger.call('GET', `/v1/messages/${message}/deliveries`)).body).toEqual({ items: [] });
    expect((await agent.call('POST', '/v1/messages/999999/retry')).status).toBe(404);
  });

  it('in doubt is retried although it may arrive twice', async () => {
    await admin.call('PATCH', '/v1/admin/apps/1', {
      settings: { delivery: { ...quick, attempts: 2, whenInDoubt: 'fail' } },
    });
    const person = newContact();
    const session = await product.writes(person, 'hello');
    const isIt = ({ body }: { body: { message?: { text?: string } } }) => body.message?.text === 'maybe';
    product.graph.misbehave({ does: 'cut', accepts: true }, 1, isIt);
    const message = await product.replies(session, 'maybe');
    const isFailed = async () => {
      const [row] = await product.database
        .sql`SELECT delivery_status AS status FROM messages WHERE id = ${message}`;
      return row?.status;
    };
    await expect.poll(isFailed).toBe('failed');
    const doubtful = (await supervisor.call('GET', '/v1/admin/deliveries?doubtful=true&status=failed')).body;
    expect(doubtful.items).toMatchObject([
      { messageId: message, doubts: 1, attempts: [{ outcome: 'doubtful', decision: 'give_up' }] },
    ]);
    await agent.call('POST', `/v1/messages/${message}/retry`);
    await expect.poll(() => statusOf(message)).toBe('sent');
    expect(product.graph.textsFor(person).filter((text) => text === 'maybe')).toHaveLength(2);
    await admin.call('PATCH', '/v1/admin/apps/1', { settings: { delivery: { ...quick, attempts: 2 } } });
  });
});

describe('a channel that is down', () => {
  it('is shown live with its reason until it is up again', async () => {
    const person = newContact();
    const session = await product.writes(person, 'hello');
    await expect.poll(() => product.graph.textsFor(person)).toEqual(['In line.']);
    const channels = ['private-queues-app-1'];
    const screen = await openEventStream(product.url, { key: product.app.key, token: agent.token, channels });
    product.graph.revoke(page.pageToken);
    const message = await product.replies(session, 'waiting');
    const { data } = await screen.until('the notice', ({ event }) => event === 'channel_health');
    const reason = expect.stringContaining('token is no longer valid');
    expect(data).toEqual({ appId: 1, channel: 'page', isDown: true, reason });
    const stateOf = async () =>
      (await supervisor.call('GET', '/v1/admin/channels')).body.items.find(
        ({ name }: { name: string }) => name === 'page',
      );
    expect(await stateOf()).toMatchObject({
      appId: 1,
      kind: 'facebook',
      enabled: true,
      isDown: true,
      reason,
      waiting: 1,
      receivedAt: expect.any(String),
    });
    const mine = async () => {
      const { items } = (await agent.call('GET', '/v1/apps')).body;
      return items[0].channels.find(({ name }: { name: string }) => name === 'page').downReason;
    };
    expect(await mine()).toEqual(reason);
    expect((await product.call('GET', '/metrics')).body).toContain('mevrik_channels_down 1');
    product.graph.grant(page.pageToken);
    expect((await admin.call('POST', '/v1/admin/channels/1/page/probe')).status).toBe(202);
    await expect.poll(() => statusOf(message)).toBe('sent');
    expect([await stateOf(), await mine()]).toMatchObject([
      { isDown: false, reason: null, waiting: 0 },
      null,
    ]);
    expect((await admin.call('POST', '/v1/admin/channels/1/nowhere/probe')).status).toBe(404);
    screen.stop();
  });

  it('or that Meta warns about notifies its agents', async () => {
    const channels = ['private-queues-app-1'];
    const screen = await openEventStream(product.url, { key: product.app.key, token: agent.token, channels });
    await product.webhook(
      ofThread({
        sender: { id: page.pageId },
        policy_enforcement: { action: 'warning', reason: 'Too many messages' },
      }),
    );
    const { data } = await screen.until('the alert', ({ event }) => event === 'channel_alert');
    expect(data).toMatchObject({
      appId: 1,
      channel: 'page',
      text: expect.stringContaining('Too many messages'),
    });
    screen.stop();
  });
});

describe('webhook events', () => {
  it('that are ignored are stored, counted, and can be replayed', async () => {
    const person = newContact();
    await product.webhook(ofThread({ sender: { id: person }, telepathy: { thought: 'hm' } }));
    const ignored = async () => {
      const { items } = (await admin.call('GET', '/v1/admin/webhook-events?status=ignored&provider=facebook'))
        .body;
      return items.find(({ conversationKey }: { conversationKey: string }) =>
        conversationKey.endsWith(person),
      );
    };
    await expect.poll(ignored).toMatchObject({
      note: 'an unknown type of event',
      payload: { telepathy: { thought: 'hm' } },
    });
    const { id } = await ignored();
    expect((await admin.call('GET', `/v1/admin/webhook-events/${id}`)).body).toMatchObject({
      id,
      status: 'ignored',
    });
    const counted = async () => (await product.call('GET', '/metrics')).body;
    expect(await counted()).toMatch(
      /mevrik_webhook_events_total\{provider="facebook",outcome="ignored"\} \d+/,
    );
    // The next version can process it.
    await product.database.sql`
      UPDATE webhook_event_logs SET payload = payload - 'telepathy' || '{"message": {"mid": "m.late", "text": "hm"}}'
      WHERE id = ${id}`;
    expect((await admin.call('POST', `/v1/admin/webhook-events/${id}/replay`)).status).toBe(202);
    const stored = async () =>
      (await product.database.sql`SELECT content FROM messages WHERE external_id = 'm.late'`).map(
        ({ content }) => content.text,
      );
    await expect.poll(stored).toEqual(['hm']);
    await admin.call('POST', `/v1/admin/webhook-events/${id}/replay`);
    await expect
      .poll(async () => (await admin.call('GET', `/v1/admin/webhook-events/${id}`)).body.status)
      .toBe('handled');
    expect(await stored()).toEqual(['hm']);
  });

  it('of an account without a channel are replayed to the channel that it has now', async () => {
    await product.webhook({
      object: 'page',
      entry: [
        {
          id: '999',
          time: 1,
          messaging: [
            {
              sender: { id: 'early' },
              recipient: { id: '999' },
              timestamp: 1,
              message: { mid: 'm.early', text: 'hi' },
            },
          ],
        },
      ],
    });
    const { items } = (await admin.call('GET', '/v1/admin/webhook-events?status=ignored')).body;
    const kept = items.find(
      ({ deduplicationKey }: { deduplicationKey: string }) => deduplicationKey === 'm.early',
    );
    expect(kept.note).toBe('no channel uses this account');
    const settings = { ...page, pageId: '999' };
    await admin.call('PUT', '/v1/admin/apps/1/channels/other', { kind: 'facebook', settings });
    await admin.call('POST', `/v1/admin/webhook-events/${kept.id}/replay`);
    const conversationKeys = async () =>
      (
        await product.database.sql`SELECT conversation_key AS key FROM messages WHERE external_id = 'm.early'`
      ).map(({ key }) => key);
    await expect.poll(conversationKeys).toEqual(['1/other:early']);
  });
});

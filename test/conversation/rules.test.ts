import { createHmac } from 'node:crypto';
import { conversationKey } from '@mevrik/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/dispatch.ts';
import { type Employed, startTestProduct, type TestProduct } from '../support/product.ts';

let product: TestProduct;
let agent: Employed;
beforeAll(async () => {
  product = await startTestProduct();
  agent = await product.employ();
  const { sql } = product.database;
  await sql`
    INSERT INTO channels (app_id, name, kind, settings) VALUES
      (1, 'bioscope', 'web', '{}'), (1, 'crm', 'api', '{}'),
      (1, 'page', 'facebook', ${JSON.stringify(facebook)}::jsonb)`;
  await sql`INSERT INTO apps (id, key, secret, name) VALUES (13, 'prelab', 'prelab-secret', 'Prelab')`;
  await sql`INSERT INTO channels (app_id, name, kind) VALUES (13, 'web', 'web')`;
  await sql`
    INSERT INTO routing_rules (app_id, position, name, "when", action)
    SELECT 13, position, name, "when", action FROM routing_rules WHERE app_id = 1`;
  await sql`INSERT INTO agent_apps VALUES (${agent.id}, 13)`;
});
afterAll(() => product.stop());

const facebook = { pageId: '900', appSecret: 'meta-app-secret-0123', verifyToken: 'verify-me-please' };

const queueOf = (sessionId: number) =>
  product.database.sql<{ id: number; reason: string; queue: string; status: string; priority: string }[]>`
    SELECT id, reason, queue, status, priority FROM queue_items WHERE session_id = ${sessionId} ORDER BY id`;

const eventsOf = async (key: string) =>
  (
    await product.database.sql<
      { type: string }[]
    >`SELECT type FROM events WHERE key = ${key} ORDER BY "offset"`
  ).map(({ type }) => type);

test('Bioscope: every message queues, and the bot keeps silent', async () => {
  const visitor = await product.visit({ channel: 'bioscope' });
  await visitor.write('hello');
  const items = await eventually(
    () => queueOf(visitor.sessionId),
    (rows) => rows.length === 1,
  );
  expect(items[0]).toMatchObject({ reason: 'rule', queue: 'support', status: 'waiting' });
  await visitor.write('still there?');
  await eventually(visitor.history, (said) => said.filter(({ from }) => from === 'system').length === 1);
  expect(await queueOf(visitor.sessionId)).toHaveLength(1);
  expect((await visitor.history()).some(({ from }) => from === 'bot')).toBe(false);
});

test('Sign Line: a request for a video call opens an urgent case without an automatic reply', async () => {
  const visitor = await product.visit();
  await eventually(visitor.history, (said) => said.length === 1); // The greeting.
  await visitor.call('POST', '/v1/messages', { kind: 'video_call_request' });
  const items = await eventually(
    () => queueOf(visitor.sessionId),
    (rows) => rows.length === 1,
  );
  expect(items[0]).toMatchObject({ reason: 'video_call', priority: 'high' });
  const said = await visitor.history();
  expect(said.filter(({ from }) => from === 'bot')).toHaveLength(1);
});

test('Prelab, app 13: the first message is handed over to an agent', async () => {
  const visitor = await product.visit({ appKey: 'prelab' });
  await visitor.write('anything');
  const items = await eventually(
    () => queueOf(visitor.sessionId),
    (rows) => rows.length === 1,
  );
  expect(items[0]).toMatchObject({ reason: 'transfer', status: 'waiting' });
});

test('a button press and a quick reply take one turn each, and raise their own events', async () => {
  const visitor = await product.visit();
  const pressed = await visitor.call('POST', '/v1/postbacks', { title: 'Opening hours', payload: 'hours' });
  expect(pressed.status).toBe(201);
  await visitor.call('POST', '/v1/quick-replies', { title: 'Leave a message', payload: 'message' });
  const said = await eventually(visitor.history, (lines) =>
    lines.some(({ text }) => text?.startsWith('What is your email')),
  );
  expect(said.filter(({ text }) => text?.startsWith('Our team is available Monday'))).toHaveLength(1);
  const events = await eventsOf(pressed.body.message.conversationKey);
  expect(events).toEqual(expect.arrayContaining(['MessagePostbackEvent', 'MessageQuickReplyEvent']));
});

test('answers to a form are stored with the customer', async () => {
  const visitor = await product.visit();
  await visitor.call('POST', '/v1/quick-replies', { title: 'Leave a message', payload: 'message' });
  await visitor.write('vera@example.com');
  await visitor.write('Do you ship abroad?');
  const { body } = await eventually(
    () => visitor.call('GET', '/v1/me'),
    ({ body }) => body.customer.attributes.question !== undefined,
  );
  expect(body.customer.attributes).toMatchObject({
    email: 'vera@example.com',
    question: 'Do you ship abroad?',
  });
});

test('a new customer is onboarded and their profile enriched', async () => {
  const visitor = await product.visit({ profile: { email: 'vera@example.com', locale: 'de-AT' } });
  const { body } = await eventually(
    () => visitor.call('GET', '/v1/me'),
    ({ body }) => body.customer.attributes.email_domain && body.customer.attributes.first_channel,
  );
  expect(body.customer.attributes).toMatchObject({
    first_channel: 'web',
    email_domain: 'example.com',
    language: 'de',
    region: 'AT',
  });
});

test('a back end submits a message; a repeated one is stored once', async () => {
  const basic = Buffer.from(`${product.app.key}:${product.app.secret}`).toString('base64');
  const body = {
    channel: 'crm',
    contactId: 'c-7',
    externalId: 'm-1',
    kind: 'text',
    content: { text: 'hello' },
  };
  const bring = () =>
    product.call('POST', '/v1/external-messages', { body, headers: { authorization: `Basic ${basic}` } });
  expect((await bring()).status).toBe(202);
  expect((await bring()).status).toBe(202);
  const key = conversationKey(1, 'crm', 'c-7');
  const events = await eventually(
    () => eventsOf(key),
    (types) =>
      types.filter((type) => type === 'NewMessageReceivedEvent').length === 2 &&
      types.includes('MessageReplyReadyEvent'),
  );
  expect(events.filter((type) => type === 'MessageReadyEvent')).toHaveLength(1);
  expect(events.slice(0, 2)).toContain('NewMessageReceivedEvent');
  expect(events).toEqual(expect.arrayContaining(['NewCustomerProfileCreated', 'SessionCreatedEvent']));
});

function webhook(payload: unknown, signature?: string) {
  const body = JSON.stringify(payload);
  const signed = `sha256=${createHmac('sha256', facebook.appSecret).update(body).digest('hex')}`;
  return product.call('POST', `/webhooks/facebook/${product.app.key}/page`, {
    body,
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': signature ?? signed },
  });
}

const messengerText = (mid: string, text: string) => ({
  object: 'page',
  entry: [
    {
      id: '900',
      time: 1,
      messaging: [
        {
          sender: { id: '77' },
          recipient: { id: '900' },
          timestamp: 1_700_000_000_000,
          message: { mid, text },
        },
      ],
    },
  ],
});

test('a Messenger webhook event becomes a message; its reply fails without a token, and the desk is notified', async () => {
  expect((await webhook(messengerText('mid-1', 'hello'))).status).toBe(200);
  expect((await webhook(messengerText('mid-1', 'hello'))).status).toBe(200);
  const key = conversationKey(1, 'page', '77');
  const events = await eventually(
    () => eventsOf(key),
    (types) => types.includes('MessageDeliveryFailedEvent'),
  );
  expect(events.filter((type) => type === 'NewFacebookEventReceived')).toHaveLength(1);
  expect(events.filter((type) => type === 'MessageReadyEvent')).toHaveLength(1);
  const failed = await eventually(
    () =>
      product.database
        .sql`SELECT delivery_error FROM messages WHERE conversation_key = ${key} AND delivery_status = 'failed'`,
    (rows) => rows.length > 0,
  );
  expect(failed[0]?.delivery_error).toMatch(/no page access token/);
  const [log] = await product.database
    .sql`SELECT status FROM webhook_event_logs WHERE deduplication_key = 'mid-1'`;
  expect(log?.status).toBe('handled');
});

test('an agent’s reply to a comment raises the social event', async () => {
  const comment = {
    field: 'feed',
    value: {
      item: 'comment',
      verb: 'add',
      from: { id: '88', name: 'Carl' },
      post_id: '900_1',
      parent_id: '900_1',
      comment_id: '900_2',
      created_time: 1_700_000_000,
      message: 'talk to a human please',
    },
  };
  expect(
    (await webhook({ object: 'page', entry: [{ id: '900', time: 1, changes: [comment] }] })).status,
  ).toBe(200);
  const key = conversationKey(1, 'page', 'comments:88');
  const [session] = await eventually(
    () =>
      product.database.sql<
        { id: number }[]
      >`SELECT id FROM sessions WHERE conversation_key = ${key} AND agent_type = 'live'`,
    (rows) => rows.length === 1,
  );
  await agent.call('POST', `/v1/sessions/${session?.id}/replies`, { text: 'On our way.' });
  const events = await eventually(
    () => eventsOf(key),
    (types) => types.includes('SaveAgentRepliesSocialEvent'),
  );
  expect(events).toContain('MessageReplyReadyEvent');
});

test('Meta’s verification request gets its challenge; a wrong token or signature is rejected and nothing stored', async () => {
  const path = `/webhooks/facebook/${product.app.key}/page`;
  const query = (token: string) => `?hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=42`;
  const right = await product.call('GET', path + query(facebook.verifyToken));
  expect([right.status, right.body]).toEqual([200, '42']);
  expect((await product.call('GET', path + query('guess'))).status).toBe(403);
  expect((await webhook(messengerText('mid-9', 'x'), 'sha256=00')).status).toBe(401);
  expect(
    await product.database.sql`SELECT FROM webhook_event_logs WHERE deduplication_key = 'mid-9'`,
  ).toHaveLength(0);
});

test('unsupported webhook events are stored as ignored and do not affect the others', async () => {
  const event = {
    object: 'page',
    entry: [
      {
        id: '900',
        messaging: [
          { sender: { id: '900' }, timestamp: 1, message: { mid: 'mid-echo', is_echo: true, text: 'ours' } },
        ],
      },
      { nonsense: true },
      {
        id: '900',
        messaging: [{ sender: { id: '78' }, timestamp: 1, message: { mid: 'mid-nul', text: 'a\u0000b' } }],
      },
    ],
  };
  expect((await webhook(event)).status).toBe(200);
  const rows = await eventually(
    () =>
      product.database
        .sql`SELECT deduplication_key, status FROM webhook_event_logs WHERE deduplication_key IN ('mid-echo', 'mid-nul') AND status <> 'received'`,
    (all) => all.length === 2,
  );
  expect(Object.fromEntries(rows.map((row) => [row.deduplication_key, row.status]))).toEqual({
    'mid-echo': 'ignored',
    'mid-nul': 'handled',
  });
});

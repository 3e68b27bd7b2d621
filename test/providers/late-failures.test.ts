import { type AcceptedMessage, type GraphStandIn, signWebhook, startGraphStandIn } from '@mevrik/stand-ins';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { quick } from '../support/facebook.ts';
import { type Employed, startTestProduct, type TestProduct } from '../support/product.ts';
import { whatsappBody, whatsappStatus, whatsappText } from '../support/whatsapp.ts';

const secrets = { appSecret: 'meta-app-secret-0123', verifyToken: 'verify-me-please' };
let graph: GraphStandIn;
let product: TestProduct;
let agent: Employed;
beforeAll(async () => {
  graph = await startGraphStandIn();
  product = await startTestProduct({ GRAPH_API_URL: graph.url });
  agent = await product.employ({ capacity: 1000 });
  const admin = await product.employ({ role: 'admin' });
  const whatsapp = { phoneNumberId: '700', accessToken: 'token-of-700', ...secrets };
  await admin.call('PUT', '/v1/admin/apps/1/channels/wa', { kind: 'whatsapp', settings: whatsapp });
  const delivery = { ...quick, timeoutMs: 30_000, attempts: 3 };
  const settings = { welcome: false, caseOpenedText: 'In line.', delivery };
  await admin.call('PATCH', '/v1/admin/apps/1', { settings });
  const rules = [{ name: 'all', when: 'true', action: 'queue' }];
  await admin.call('PUT', '/v1/admin/apps/1/rules', { rules });
});
afterAll(async () => {
  await product.stop();
  await graph.stop();
});
beforeEach(() => graph.behave());

const webhook = (value: object) =>
  product.call(
    'POST',
    `/webhooks/whatsapp/${product.app.key}/wa`,
    signWebhook(whatsappBody(value), secrets.appSecret),
  );

const stateOf = async (message: number) => {
  const [row] = await product.database.sql<{ message: string; delivery: string; error: string | null }[]>`
    SELECT delivery_status AS message, status AS delivery, delivery_error AS error
    FROM messages JOIN deliveries ON message_id = messages.id WHERE messages.id = ${message}`;
  return row;
};
/** The results of the webhook events about a message of ours, by the provider's id. */
const resultsOf = async (externalId: string) =>
  (
    await product.database.sql<{ result: string }[]>`
      SELECT coalesce(note, status) AS result FROM webhook_event_logs
      WHERE deduplication_key LIKE ${`${externalId} %`} ORDER BY id`
  ).map(({ result }) => result);

let customers = 0;

/** A customer has written, and an agent can answer. */
async function conversation() {
  const phone = `8810${++customers}`;
  await webhook(whatsappText(phone, 'Hello'));
  await expect.poll(() => graph.textsFor(phone)).toEqual(['In line.']);
  const [row] = await product.database.sql<{ id: number }[]>`
    SELECT id FROM sessions WHERE conversation_key = ${`1/wa:${phone}`}`;
  const sent = () => graph.accepted.filter(({ body }) => body.to === phone).slice(1);
  return {
    phone,
    async replies(text: string): Promise<number> {
      const { body } = await agent.call('POST', `/v1/sessions/${row?.id}/replies`, { text });
      return body.message.id;
    },
    /** What the agent's messages begin with. */
    received: () => sent().map(({ body }) => body.text.body.slice(0, 20)),
    /** WhatsApp's ids of the messages that it accepted from the agent. */
    ids: () => sent().map(({ id }) => `wamid.${id}`),
    /** Selects the second part of a message in two parts. */
    isSecond: ({ body }: Pick<AcceptedMessage, 'body'>) =>
      body.to === phone && body.text.body.startsWith(second),
    reports: (status: object) => webhook(whatsappStatus(phone, { ...status })),
  };
}

/** The events whose listener failed. */
const parkedEvents = () => product.database.sql`SELECT subscription, last_error FROM parked_events`;
/** The reports that wait for the response to a send. */
const waitingReports = () => product.database.sql`
  SELECT id FROM graphile_worker.jobs WHERE task_identifier = 'apply-failure'`;

/** What the parts of a long message begin with. */
const [first, second] = ['1'.repeat(20), '2'.repeat(20)];
const inTwoParts = `${'1'.repeat(4_000)} ${'2'.repeat(4_000)}`;
const undeliverable = { status: 'failed', errors: [{ code: 131026, title: 'Undeliverable' }] };
const retry = async (message: number) => (await agent.call('POST', `/v1/messages/${message}/retry`)).status;

describe('a message that failed after WhatsApp had accepted it', () => {
  it('is sent again when an agent retries it', async () => {
    const { replies, received, ids, reports } = await conversation();
    const message = await replies('Your code is 1234');
    await expect.poll(() => stateOf(message)).toMatchObject({ message: 'sent' });
    await reports({ id: ids()[0], ...undeliverable });
    await expect.poll(() => stateOf(message)).toMatchObject({ message: 'failed' });
    expect(await retry(message)).toBe(202);
    await expect.poll(() => stateOf(message)).toMatchObject({ message: 'sent', delivery: 'sent' });
    expect(received()).toEqual(['Your code is 1234', 'Your code is 1234']);
    const attempts = await product.database.sql`
      SELECT part, outcome, external_id AS id FROM delivery_attempts JOIN deliveries ON deliveries.id = delivery_id
      WHERE message_id = ${message} ORDER BY delivery_attempts.id`;
    expect(attempts).toEqual(ids().map((id) => ({ part: 0, outcome: 'sent', id })));
    await reports({ id: ids()[1], status: 'delivered' });
    await expect.poll(() => stateOf(message)).toMatchObject({ message: 'delivered' });
    await reports({ id: ids()[1], ...undeliverable });
    await expect.poll(() => stateOf(message)).toMatchObject({ message: 'failed' });
  });

  it('is sent again with all its parts, also those that were accepted', async () => {
    const { replies, received, ids, reports, isSecond } = await conversation();
    graph.misbehave({ does: 'wait' }, 1, isSecond);
    const message = await replies(inTwoParts);
    await expect.poll(received).toEqual([first, second]);
    await reports({ id: ids()[0], ...undeliverable });
    await expect.poll(() => stateOf(message)).toMatchObject({ message: 'failed' });
    graph.release(isSecond);
    await expect.poll(() => retry(message)).toBe(202);
    await expect.poll(() => stateOf(message)).toMatchObject({ message: 'sent' });
    expect(received()).toEqual([first, second, first, second]);
  });

  it('is sent again from its first part, though its second part had failed before', async () => {
    const { replies, received, ids, reports, isSecond } = await conversation();
    graph.misbehave({ does: 'refuse', code: 131009 }, 1, isSecond);
    const message = await replies(inTwoParts);
    await expect.poll(() => stateOf(message)).toMatchObject({ message: 'failed' });
    await reports({ id: ids()[0], ...undeliverable });
    await expect.poll(() => resultsOf(ids()[0] ?? '')).toEqual(['a failure that was recorded before']);
    expect(await retry(message)).toBe(202);
    await expect.poll(() => stateOf(message)).toMatchObject({ message: 'sent' });
    expect(received()).toEqual([first, first, second]);
  });

  it('is not confirmed or failed by statuses of the message that was sent before', async () => {
    const { phone, replies, received, ids, reports } = await conversation();
    const message = await replies('Your code is 1234');
    await expect.poll(() => stateOf(message)).toMatchObject({ message: 'sent' });
    const [old = ''] = ids();
    await reports({ id: old, ...undeliverable });
    await expect.poll(() => stateOf(message)).toMatchObject({ message: 'failed' });
    graph.misbehave({ does: 'wait' }, 1, ({ body }) => body.to === phone);
    expect(await retry(message)).toBe(202);
    await expect.poll(received).toHaveLength(2);
    const reference = graph.accepted.at(-1)?.body.biz_opaque_callback_data;
    await reports({ id: old, status: 'sent', biz_opaque_callback_data: reference });
    await reports({ id: old, status: 'delivered' });
    await expect
      .poll(() => resultsOf(old))
      .toEqual(['handled', 'a copy of a reply that was recorded before', 'handled']);
    expect(await stateOf(message)).toMatchObject({ message: 'pending', delivery: 'sending' });
    graph.release();
    await expect.poll(() => stateOf(message)).toMatchObject({ message: 'sent', delivery: 'sent' });
    expect(received()).toEqual(['Your code is 1234', 'Your code is 1234']);
  });
});

describe('a failure that WhatsApp reports before it responds to the send', () => {
  it('is applied after the response, and delays nothing else of the conversation', async () => {
    const { phone, replies, received, ids, reports } = await conversation();
    graph.misbehave({ does: 'wait' }, 1, ({ body }) => body.to === phone);
    const message = await replies('Your code is 1234');
    await expect.poll(received).toHaveLength(1);
    const [id = ''] = ids();
    await reports({ id, ...undeliverable });
    await webhook(whatsappText(phone, 'Are you there?'));
    const stored = () => product.database.sql`
      SELECT content ->> 'text' AS text FROM messages
      WHERE conversation_key = ${`1/wa:${phone}`} AND NOT is_reply ORDER BY id`;
    await expect.poll(stored).toEqual([{ text: 'Hello' }, { text: 'Are you there?' }]);
    expect(await resultsOf(id)).toEqual(['handled']);
    expect(await stateOf(message)).toMatchObject({ message: 'pending', delivery: 'sending' });
    graph.release();
    const error = 'WhatsApp did not deliver it: Undeliverable (131026).';
    await expect.poll(() => stateOf(message)).toEqual({ message: 'failed', delivery: 'failed', error });
    const failures = await product.database.sql`
      SELECT failure.data ->> 'error' AS error, cause.type AS cause FROM events AS failure
      JOIN events AS cause ON cause.id = failure.causation_id
      WHERE failure.type = 'MessageDeliveryFailedEvent' AND (failure.data -> 'message' ->> 'id')::int = ${message}`;
    expect(failures).toEqual([{ error, cause: 'NewProviderEventReceived' }]);
    expect(await parkedEvents()).toEqual([]);
    await expect.poll(waitingReports).toEqual([]);
  });

  it('fails nothing if it is about a message that was sent with another tool', async () => {
    const { phone, replies, received, reports } = await conversation();
    graph.misbehave({ does: 'wait' }, 1, ({ body }) => body.to === phone);
    const message = await replies('Your code is 1234');
    await expect.poll(received).toHaveLength(1);
    await reports({ id: 'wamid.elsewhere', ...undeliverable });
    await expect.poll(() => resultsOf('wamid.elsewhere')).toEqual(['handled']);
    graph.release();
    await expect.poll(() => stateOf(message)).toMatchObject({ message: 'sent' });
    await expect.poll(waitingReports).toEqual([]);
    expect(await stateOf(message)).toMatchObject({ message: 'sent', delivery: 'sent' });
    expect(await parkedEvents()).toEqual([]);
  });
});

import { createHmac } from 'node:crypto';
import { createWebhookBody } from '@mevrik/stand-ins';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FacebookProduct, page, startFacebook } from '../support/facebook.ts';
import type { Answer } from '../support/product.ts';

const patience = { interval: 200 };
const secrets = { appSecret: page.appSecret, verifyToken: page.verifyToken };
const rejections: unknown[] = [];
const note = (reason: unknown) => rejections.push(reason);
let product: FacebookProduct;
beforeAll(async () => {
  process.on('unhandledRejection', note);
  product = await startFacebook();
  const admin = await product.employ({ role: 'admin' });
  const put = async (name: string, kind: string, settings: object) => {
    const path = `/v1/admin/apps/1/channels/${name}`;
    const { status, body } = await admin.call('PUT', path, { kind, settings: { ...secrets, ...settings } });
    expect(status, JSON.stringify(body)).toBe(200);
  };
  await put('second', 'facebook', { pageId: '901', pageToken: 'page-token-of-901' });
  await put('ig', 'instagram', { accountId: '500', accessToken: 'token-of-500' });
  await put('wa', 'whatsapp', { phoneNumberId: '700', accessToken: 'token-of-700' });
});
afterAll(async () => {
  process.off('unhandledRejection', note);
  await product.stop();
});

/** Posts bytes with a valid signature. */
function post(kind: string, channel: string, text: string): Promise<Answer> {
  const signature = createHmac('sha256', secrets.appSecret).update(text).digest('hex');
  const headers = { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` };
  return product.call('POST', `/webhooks/${kind}/${product.app.key}/${channel}`, { body: text, headers });
}
const count = async (table: string): Promise<number> =>
  (await product.database.sql.unsafe(`SELECT count(*)::int AS count FROM ${table}`))[0]?.count ?? 0;

describe('a body of a thousand events', () => {
  it('is answered before any event is handled; then each is stored once and in order for each person', async () => {
    const { body, written, stored } = createWebhookBody({
      pages: ['900', '901', '999'],
      events: 1_000,
      people: 40,
    });
    let goOn: () => void = () => {};
    const held = new Promise<void>((resume) => {
      goOn = resume;
    });
    await new Promise<void>((locked, failed) => {
      product.database.sql
        .begin(async (tx) => {
          await tx`LOCK TABLE messages IN EXCLUSIVE MODE`; // Blocks the processing of webhook events.
          locked();
          await held;
        })
        .catch(failed);
    });
    try {
      expect(await product.webhook(body)).toMatchObject({ status: 200, body: { received: 1_000 } });
      expect(await count('messages')).toBe(0);
      expect(await count('webhook_event_logs')).toBe(stored);
    } finally {
      goOn();
    }
    // Meta resends what it believes to be lost.
    expect((await product.webhook(body)).status).toBe(200);
    const channels: Record<string, string> = { '900': 'page', '901': 'second' };
    const expected = [...written].flatMap(([{ pageId, person }, texts]) =>
      channels[pageId] === undefined ? [] : [[`1/${channels[pageId]}:${person}`, texts] as const],
    );
    const total = expected.flatMap(([, texts]) => texts).length;
    await expect.poll(() => count('messages WHERE NOT is_reply'), patience).toBe(total);
    await expect.poll(() => count(`webhook_event_logs WHERE status = 'received'`), patience).toBe(0);
    const rows = await product.database.sql<{ key: string; texts: string[] }[]>`
      SELECT conversation_key AS key, array_agg(content ->> 'text' ORDER BY id) AS texts FROM messages
      WHERE NOT is_reply GROUP BY 1`;
    expect(new Map(rows.map(({ key, texts }) => [key, texts]))).toEqual(new Map(expected));
    expect(await count('webhook_event_logs')).toBe(stored);
  });
});

/** Replaced by a mark unique to the body, so that there must be a row for each webhook event. */
const once = 'ONCE';
const odd = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.double(),
  fc.jsonValue().filter((given) => !Array.isArray(given)), // An element of a list has no mark of its own.
  fc.constantFrom(null, '900', '500', '700', -1, 1e21, '\u0000', '\ud800', '__proto__', once, 'text', 'add'),
);
const maybe = <T>(usual: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 4, arbitrary: usual }, { weight: 1, arbitrary: odd });
const id = maybe(fc.constantFrom('900', '901', '500', '700', 'ann', 'bob'));
const number = fc.string({ maxLength: 300 }).map((rest) => `${once}${rest}`);
const part = (shape: Record<string, fc.Arbitrary<unknown>>) =>
  maybe(
    fc.record(Object.fromEntries(Object.entries(shape).map(([name, one]) => [name, maybe(one)])), {
      requiredKeys: [],
    }),
  );
/** The same for what is stored in a row of its own. */
const marked = (shape: Record<string, fc.Arbitrary<unknown>>) => {
  const parts: Record<string, fc.Arbitrary<unknown>> = { n: number };
  for (const [name, one] of Object.entries(shape)) parts[name] = maybe(one);
  const whole = fc.record(parts, { requiredKeys: ['n'] });
  return fc.oneof(
    { weight: 6, arbitrary: whole },
    { weight: 1, arbitrary: odd.map((given) => [once, given]) },
  );
};
const time = fc.constantFrom(1, 1_700_000_000, '1700000000', 1_700_000_000_000);
const file = part({
  type: fc.constantFrom('image', 'file', 'fallback'),
  payload: part({ url: fc.webUrl() }),
});
const message = part({
  text: fc.string(),
  is_echo: fc.boolean(),
  is_deleted: fc.boolean(),
  attachments: fc.array(file, { maxLength: 3 }),
  quick_reply: part({ payload: fc.string() }),
  reply_to: part({ mid: fc.string(), story: part({ id: fc.string(), url: fc.webUrl() }) }),
});
/** A messaging event, as from Messenger and Instagram. */
const messaging = fc
  .tuple(
    fc.record(
      { sender: part({ id }), recipient: part({ id }), timestamp: maybe(time) },
      { requiredKeys: [] },
    ),
    fc.record(
      {
        message,
        postback: part({ title: fc.string(), payload: fc.string(), referral: part({ ref: fc.string() }) }),
        delivery: part({ mids: fc.array(fc.string()), watermark: time }),
        read: part({ watermark: time, mid: fc.string() }),
        reaction: part({ mid: fc.string(), action: fc.constantFrom('react', 'unreact'), emoji: fc.string() }),
        referral: part({ ref: fc.string(), source: fc.string(), type: fc.string() }),
        pass_thread_control: part({ new_owner_app_id: id }),
      },
      { requiredKeys: [] },
    ),
    number,
  )
  .map(([parties, what, mid]) => ({
    ...parties,
    ...what,
    ...(typeof what.message === 'object' && what.message !== null
      ? { message: { ...what.message, mid } }
      : {}),
    n: once,
  }));
/** A change, such as a comment. */
const change = marked({
  field: fc.constantFrom('feed', 'comments', 'mention'),
  value: part({
    item: fc.constantFrom('comment', 'status', 'reaction'),
    verb: fc.constantFrom('add', 'edited', 'remove', 'hide'),
    from: part({ id, name: fc.string(), username: fc.string() }),
    post_id: fc.string(),
    id: number,
    comment_id: number,
    created_time: time,
    message: fc.string(),
    text: fc.string(),
    photo: fc.webUrl(),
    media: part({ id: fc.string() }),
    post: part({ permalink_url: fc.webUrl() }),
  }),
});
/** An event of a WhatsApp number. */
const value = marked({
  metadata: part({ phone_number_id: fc.constantFrom('700') }),
  contacts: fc.array(part({ wa_id: id, profile: part({ name: fc.string() }) }), { maxLength: 2 }),
  messages: fc.array(
    marked({
      id: number,
      from: id,
      timestamp: time,
      type: maybe(
        fc.constantFrom('text', 'image', 'location', 'contacts', 'interactive', 'button', 'reaction'),
      ),
      text: part({ body: fc.string() }),
      image: part({ id: fc.string(), mime_type: fc.string(), caption: fc.string() }),
      location: part({ latitude: fc.double(), longitude: fc.double() }),
      interactive: part({ button_reply: part({ id: fc.string(), title: fc.string() }) }),
    }),
    { maxLength: 3 },
  ),
  statuses: fc.array(
    marked({
      id: number,
      status: fc.constantFrom('sent', 'read', 'failed'),
      timestamp: time,
      recipient_id: id,
    }),
    { maxLength: 3 },
  ),
});
const entries = {
  page: marked({
    id,
    time,
    messaging: fc.array(messaging, { maxLength: 4 }),
    changes: fc.array(change, { maxLength: 3 }),
  }),
  whatsapp_business_account: marked({
    id,
    changes: fc.array(marked({ field: fc.constant('messages'), value }), { maxLength: 3 }),
  }),
};
const structured = (object: string) => {
  const entry = object === 'whatsapp_business_account' ? entries.whatsapp_business_account : entries.page;
  return fc
    .record({
      object: fc.constant(object),
      n: fc.constant(once),
      entry: maybe(fc.array(entry, { maxLength: 4 })),
    })
    .map((body) => JSON.stringify(body));
};
const unstructured = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => `${once}${text}`),
  fc.jsonValue().map((given) => JSON.stringify([once, given])),
  fc.object().map((given) => JSON.stringify({ ...given, n: once }) ?? once),
);

describe.each([
  ['facebook', 'page', 'page'],
  ['instagram', 'ig', 'instagram'],
  ['whatsapp', 'wa', 'whatsapp_business_account'],
])('any signed body for %s', (kind, channel, object) => {
  it('is accepted and stored, breaks nothing, and the next message is delivered', async () => {
    let bodies = 0;
    const kept = () => count(`webhook_event_logs WHERE provider = '${kind}'`);
    const bodyOf = fc.oneof(
      { weight: 3, arbitrary: structured(object) },
      { weight: 1, arbitrary: unstructured },
    );
    await fc.assert(
      fc.asyncProperty(bodyOf, async (text) => {
        const before = await kept();
        const number = () => `${kind}-${++bodies} `;
        const { status, body } = await post(kind, channel, text.replaceAll(once, number));
        expect([status, body.received > 0]).toEqual([200, true]);
        expect(await kept()).toBe(before + body.received);
      }),
      { numRuns: 60 },
    );
    const bare = JSON.stringify({ object, entry: [null, 1, '', [], {}] });
    expect((await post(kind, channel, bare)).body).toEqual({ received: 5 });
    const handled = () => count(`webhook_event_logs WHERE provider = '${kind}' AND status = 'received'`);
    await expect.poll(handled, patience).toBe(0);
    expect(await product.database.sql`SELECT subscription, last_error FROM parked_events`).toEqual([]);
    expect(rejections).toEqual([]);
    expect((await product.call('GET', '/healthz')).status).toBe(200);
    const session = await product.writes(`after-${kind}`, 'Is anyone there?');
    expect(session).toBeGreaterThan(0);
  });
});

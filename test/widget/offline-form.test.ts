import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { eventually } from '../support/dispatch.ts';
import { type Employed, startTestProduct, type TestProduct, type Visitor } from '../support/product.ts';

let product: TestProduct;
let admin: Employed;
beforeAll(async () => {
  product = await startTestProduct();
  admin = await product.employ({ role: 'admin', name: 'Ada' });
});
afterAll(() => product.stop());

const settle = (settings: object) => admin.call('PATCH', '/v1/admin/apps/1', { settings });
const closed = { businessHours: { timeZone: 'UTC', weekly: {} } };
const left = { name: 'Vera', email: 'Vera@Example.org', text: 'My parcel is lost.' };
const leave = (visitor: Visitor, body: object = left, key?: string) =>
  visitor.call('POST', '/v1/offline-messages', body, key ? { 'idempotency-key': key } : {});
const opening = async () =>
  (await product.call('GET', `/v1/team-availability?appKey=${product.app.key}`)).body as Record<
    string,
    unknown
  >;

beforeEach(async () => void (await settle({ ...closed, offline: { form: 'closed' } })));

test('is offered as the app configures it: outside business hours, when no agent is online, or never', async () => {
  expect(await opening()).toMatchObject({ isOpen: false, hasOfflineForm: true });
  await settle({ businessHours: null });
  expect(await opening()).toMatchObject({ isOpen: true, isStaffed: false, hasOfflineForm: false });
  await settle({ offline: { form: 'unstaffed' } });
  expect((await opening()).hasOfflineForm).toBe(true);
  await admin.call('PUT', '/v1/agents/me/availability', { availability: 'online' });
  expect(await opening()).toMatchObject({ isStaffed: true, hasOfflineForm: false });
  await admin.call('PUT', '/v1/agents/me/availability', { availability: 'offline' });
  await settle({ ...closed, offline: { form: 'never' } });
  expect((await opening()).hasOfflineForm).toBe(false);
  expect((await leave(await product.visit())).status).toBe(403);
  expect((await product.call('GET', '/v1/team-availability?appKey=unknown')).status).toBe(404);
});

test('becomes a case that waits in the conversation, if the app has no email channel', async () => {
  const visitor = await product.visit();
  const answer = await leave(visitor, left, 'once');
  expect(answer).toMatchObject({ status: 201, body: { answeredBy: 'chat', caseId: expect.any(Number) } });
  // A repeated submission is the same message.
  expect((await leave(visitor, left, 'once')).body).toEqual(answer.body);
  const history = await eventually(
    () => visitor.history(),
    (all) => all.some(({ kind }) => kind === 'system'),
  );
  expect(history.filter(({ from }) => from === 'customer')).toEqual([
    { text: left.text, from: 'customer', kind: 'text' },
  ]);
  expect(history.find(({ kind }) => kind === 'system')?.text).toContain(`#${answer.body.caseId}`);
  const { body: me } = await visitor.call('GET', '/v1/me');
  expect(me.customer).toMatchObject({ name: 'Vera', email: 'vera@example.org' });
  expect(me.queuePosition.position).toBeGreaterThan(0);
  const [item] = await product.database.sql`
    SELECT reason, status FROM queue_items WHERE session_id = ${visitor.sessionId}`;
  expect(item).toEqual({ reason: 'offline_form', status: 'waiting' });
});

test('is rejected field by field if no reply could reach its sender', async () => {
  const visitor = await product.visit();
  const wrong: [string, object][] = [
    ['email', { ...left, email: 'vera at home' }],
    ['name', { ...left, name: '   ' }],
    ['text', { ...left, text: ' \n ' }],
    ['text', { ...left, text: 'x'.repeat(5001) }],
  ];
  for (const [field, body] of wrong) {
    const { status, body: problem } = await leave(visitor, body);
    expect([field, status, problem.errors?.[0]?.path]).toEqual([field, 422, field]);
  }
  const rows = await product.database.sql`SELECT FROM queue_items WHERE session_id = ${visitor.sessionId}`;
  expect(rows).toHaveLength(0);
});

test('becomes an email conversation if the app has an email channel, hidden from its author', async () => {
  const address = 'support@shop.example';
  const smtp = { host: '127.0.0.1', port: 9, tls: 'none' };
  const mute = { kind: 'email', enabled: true, settings: { address } };
  expect((await admin.call('PUT', '/v1/admin/apps/1/channels/mail', mute)).status).toBeLessThan(300);
  // A channel that only receives cannot reply.
  expect((await leave(await product.visit())).body.answeredBy).toBe('chat');
  const channel = { ...mute, settings: { address, smtp } };
  expect((await admin.call('PUT', '/v1/admin/apps/1/channels/mail', channel)).status).toBeLessThan(300);
  const visitor = await product.visit();
  const answer = await leave(visitor);
  expect(answer).toMatchObject({ status: 201, body: { answeredBy: 'email' } });
  const [session] = await eventually(
    () => product.database.sql<{ id: number; customer_id: number; path: string }[]>`
      SELECT id, customer_id, path FROM sessions WHERE conversation_key = '1/mail:vera@example.org'`,
    (rows) => rows.length > 0,
  );
  expect(session?.path).toBe('live/queue:support');
  expect(session?.customer_id).not.toBe(visitor.id);
  const { body: seen } = await admin.call('GET', `/v1/sessions/${session?.id}/messages`);
  const texts = seen.items.map(({ kind, content }: { kind: string; content: { text: string } }) => [
    kind,
    content.text,
  ]);
  expect(texts).toContainEqual(['text', left.text]);
  expect(texts).toContainEqual(['note', expect.stringContaining(`customer #${visitor.id}`)]);
  expect((await visitor.history()).filter(({ text }) => text === left.text)).toEqual([]);
  const auth = await visitor.call('POST', '/broadcasting/auth', {
    socket_id: '1.1',
    channel_name: `private-session${session?.id}`,
  });
  expect(auth.status).toBe(403);
});

test('cannot be used to send emails in bulk', async () => {
  const visitor = await product.visit();
  const statuses = [];
  for (let at = 0; at < 8; at += 1) statuses.push((await leave(visitor, { ...left, text: `${at}` })).status);
  expect(statuses.at(-1)).toBe(429);
});

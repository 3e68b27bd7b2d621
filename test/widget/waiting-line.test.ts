import { createClient } from '@mevrik/client';
import type { Me, NoticePayloads } from '@mevrik/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/dispatch.ts';
import { type Employed, startTestProduct, type TestProduct, type Visitor } from '../support/product.ts';

let product: TestProduct;
let admin: Employed;
beforeAll(async () => {
  product = await startTestProduct();
  admin = await product.employ({ role: 'admin', name: 'Ada', capacity: 20 });
});
afterAll(() => product.stop());

const me = async (visitor: Visitor): Promise<Me> => (await visitor.call('GET', '/v1/me')).body;

/** A visitor who waits for an agent. */
async function waiting(): Promise<Visitor & { readonly itemId: number }> {
  const visitor = await product.visit();
  await visitor.write('I need a human');
  const [item] = await eventually(
    () => product.database.sql<{ id: number }[]>`
      SELECT id FROM queue_items WHERE session_id = ${visitor.sessionId} AND status = 'waiting'`,
    (rows) => rows.length > 0,
  );
  return { ...visitor, itemId: item?.id ?? 0 };
}

/** The notices of a kind that a visitor receives, as they arrive. */
async function listenFor<Name extends keyof NoticePayloads>(
  { token, sessionId }: Visitor,
  name: Name,
  channel: 'opening' | `session${number}` = `session${sessionId}`,
) {
  const client = createClient({ url: product.url, appKey: product.app.key, token });
  const received: NoticePayloads[Name][] = [];
  const subscription = client.subscribe(channel);
  subscription.on(name, (data) => received.push(data as NoticePayloads[Name]));
  await subscription.ready();
  return { received, client };
}

test('a visitor sees their queue position, and sees it advance', async () => {
  const [first, second] = [await waiting(), await waiting()];
  expect((await me(first)).queuePosition).toEqual({ position: 1, estimateMinutes: null });
  expect((await me(second)).queuePosition?.position).toBe(2);
  const { received, client } = await listenFor(second, 'queue_moved');
  await admin.call('POST', `/v1/queue-items/${first.itemId}/accept`);
  await expect.poll(() => received.at(-1)?.queuePosition.position).toBe(1);
  expect((await me(first)).queuePosition).toBe(null);
  await admin.call('POST', `/v1/queue-items/${second.itemId}/accept`);
  client.disconnect();
});

test('a more urgent customer is ahead of one who came first', async () => {
  const [first, second] = [await waiting(), await waiting()];
  await product.database.sql`UPDATE queue_items SET priority = 'urgent' WHERE id = ${second.itemId}`;
  expect((await me(second)).queuePosition?.position).toBe(1);
  expect((await me(first)).queuePosition?.position).toBe(2);
  for (const { itemId } of [first, second]) await admin.call('POST', `/v1/queue-items/${itemId}/accept`);
});

test('an estimate is shown once enough customers were served, and only while an agent is online', async () => {
  // Five customers who waited four minutes each, one after another.
  const visitor = await waiting();
  await product.database.sql`
    INSERT INTO queue_items (app_id, session_id, customer_id, case_id, conversation_key, queue, reason, status,
                             created_at, assigned_at, finished_at)
    SELECT app_id, session_id, customer_id, case_id, conversation_key, queue, reason, 'done',
           now() - interval '1 hour', now() - ago * interval '4 minutes', now()
    FROM queue_items, generate_series(0, 4) AS ago WHERE id = ${visitor.itemId}`;
  expect((await me(visitor)).queuePosition).toEqual({ position: 1, estimateMinutes: null });
  await admin.call('PUT', '/v1/agents/me/availability', { availability: 'online' });
  const { queuePosition, opening } = await me(visitor);
  expect(opening.isStaffed).toBe(true);
  expect(queuePosition?.estimateMinutes).toBeGreaterThan(1);
  expect(queuePosition?.estimateMinutes).toBeLessThanOrEqual(5);
  await admin.call('POST', `/v1/queue-items/${visitor.itemId}/accept`);
});

test('a visitor sees the assigned agent, their availability, and that of the team', async () => {
  await admin.call('PUT', '/v1/agents/me/availability', { availability: 'online' });
  const visitor = await waiting();
  const path = await listenFor(visitor, 'session_path_changed');
  const agent = await listenFor(visitor, 'agent_changed');
  const opening = await listenFor(visitor, 'team_availability_changed', 'opening');
  await admin.call('POST', `/v1/queue-items/${visitor.itemId}/accept`);
  await expect.poll(() => path.received.at(-1)?.agent).toEqual({ name: 'Ada', availability: 'online' });
  expect((await me(visitor)).agent).toEqual({ name: 'Ada', availability: 'online' });
  await admin.call('PUT', '/v1/agents/me/availability', { availability: 'away' });
  await expect.poll(() => agent.received.at(-1)?.agent).toEqual({ name: 'Ada', availability: 'away' });
  await expect.poll(() => opening.received.at(-1)?.isStaffed).toBe(false);
  expect((await me(visitor)).opening).toMatchObject({ isOpen: true, isStaffed: false });
  for (const { client } of [path, agent, opening]) client.disconnect();
});

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { eventually } from '../support/dispatch.ts';
import { type Employed, startTestProduct, type TestProduct, type Visitor } from '../support/product.ts';

let product: TestProduct;
let admin: Employed;
let other: { readonly id: number; readonly key: string };
beforeAll(async () => {
  product = await startTestProduct();
  admin = await product.employ({ role: 'admin' });
  other = (await admin.call('POST', '/v1/admin/apps', { name: 'Other' })).body;
});
beforeEach(() => product.database.sql`UPDATE agents SET availability = 'offline'`);
afterAll(() => product.stop());

interface LiveItem {
  readonly id: number;
  readonly queue: string;
  readonly status: string;
  readonly skills: readonly string[];
  readonly priority: string;
  readonly agentId: number | null;
}

async function liveItem({ sessionId }: Visitor): Promise<LiveItem | undefined> {
  const [item] = await product.database.sql<LiveItem[]>`
    SELECT id, queue, status, skills, priority, assigned_agent_id AS "agentId" FROM queue_items
    WHERE session_id = ${sessionId} AND status IN ('waiting', 'assigned')`;
  return item;
}

/** A visitor who waits in the default queue of an app. */
async function waiting(appKey = product.app.key): Promise<Visitor> {
  const visitor = await product.visit({ appKey });
  await visitor.write('I need a human');
  await eventually(
    () => liveItem(visitor),
    (item) => item !== undefined,
  );
  return visitor;
}

const accept = async (agent: Employed, visitor: Visitor) =>
  (await agent.call('POST', `/v1/queue-items/${(await liveItem(visitor))?.id}/accept`)).status;

/** A visitor who is served by the agent, and waited in this queue before. */
async function served(agent: Employed, { appKey = product.app.key, queue = 'support' } = {}) {
  const visitor = await waiting(appKey);
  const to = { queue, skills: ['danish'] };
  await admin.call('POST', `/v1/sessions/${visitor.sessionId}/transfer`, { to });
  expect(await accept(agent, visitor)).toBe(200);
  return visitor;
}

const change = (agent: Employed, changes: object) =>
  admin.call('PATCH', `/v1/admin/agents/${agent.id}`, changes);
const sessionOf = async (visitor: Visitor) => (await visitor.call('GET', '/v1/me')).body.session;
const replyTo = async (agent: Employed, { sessionId }: Visitor) =>
  (await agent.call('POST', `/v1/sessions/${sessionId}/replies`, { text: 'hello' })).status;

test('the conversations of an agent who is disabled return to their queues, and other agents can take them', async () => {
  const [agent, colleague] = [await product.employ(), await product.employ()];
  const visitors = [await served(agent), await served(agent, { queue: 'billing' })];
  const taken = await served(colleague);
  expect((await change(agent, { disabled: true })).status).toBe(200);
  const found = await Promise.all(visitors.map(liveItem));
  const returned = { status: 'waiting', agentId: null, skills: ['danish'], priority: 'normal' };
  expect(found).toEqual([
    { ...returned, id: expect.any(Number), queue: 'support' },
    { ...returned, id: expect.any(Number), queue: 'billing' },
  ]);
  for (const visitor of visitors) {
    const { queue } = (await liveItem(visitor)) ?? {};
    expect(await sessionOf(visitor)).toMatchObject({ path: `live/queue:${queue}`, assignedAgentId: null });
    expect(await accept(colleague, visitor)).toBe(200);
    expect(await replyTo(colleague, visitor)).toBe(201);
  }
  expect(await liveItem(taken)).toMatchObject({ status: 'assigned', agentId: colleague.id });
});

test('with automatic assignment, they go to other agents at once', async () => {
  await admin.call('PATCH', '/v1/admin/apps/1', { settings: { assignment: 'round_robin' } });
  const agent = await product.employ();
  const visitor = await served(agent);
  const colleague = await product.employ();
  await colleague.call('PUT', '/v1/agents/me/availability', { availability: 'online' });
  await change(agent, { disabled: true });
  await eventually(
    () => liveItem(visitor),
    (item) => item?.agentId === colleague.id,
  );
  await admin.call('PATCH', '/v1/admin/apps/1', { settings: { assignment: 'manual' } });
});

test('an agent who loses access to an app loses its conversations, and keeps those of other apps', async () => {
  const agent = await product.employ({ appIds: [1, other.id] });
  const [kept, lost] = [await served(agent), await served(agent, { appKey: other.key })];
  await change(agent, { name: 'Renamed', appIds: [1, other.id] });
  expect(await liveItem(lost)).toMatchObject({ agentId: agent.id });
  await change(agent, { appIds: [1] });
  expect(await liveItem(lost)).toMatchObject({ status: 'waiting', agentId: null });
  expect(await liveItem(kept)).toMatchObject({ status: 'assigned', agentId: agent.id });
  expect(await replyTo(agent, kept)).toBe(201);
});

test('an administrator who becomes an agent keeps the conversations of their own apps only', async () => {
  const agent = await product.employ({ role: 'admin', appIds: [1] });
  const [kept, lost] = [await served(agent), await served(agent, { appKey: other.key })];
  await change(agent, { role: 'agent' });
  expect(await liveItem(kept)).toMatchObject({ status: 'assigned', agentId: agent.id });
  expect(await liveItem(lost)).toMatchObject({ status: 'waiting', agentId: null });
});

test('a conversation that is accepted while its agent loses access is never left with that agent', async () => {
  for (const changes of [{ disabled: true }, { appIds: [] }]) {
    const agents = await Promise.all(Array.from({ length: 5 }, () => product.employ()));
    const visitors = await Promise.all(agents.map(() => waiting()));
    const work = agents.map(async (agent, index) => {
      const visitor = visitors[index];
      if (visitor) await Promise.all([accept(agent, visitor), change(agent, changes)]);
    });
    await Promise.all(work);
    for (const visitor of visitors) {
      expect(await liveItem(visitor)).toMatchObject({ status: 'waiting', agentId: null });
    }
  }
});

import { type Client, createClient, type WebSocketConstructor } from '@mevrik/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Employed, startTestProduct, type TestProduct } from '../support/product.ts';

let product: TestProduct;
const desks: Client[] = [];
beforeAll(async () => {
  product = await startTestProduct({ AGENT_ABSENT_MINUTES: '5' });
  await product.database.sql`UPDATE apps SET settings = '{"assignment": "round_robin"}'`;
});
afterAll(() => product.stop());
afterEach(async () => {
  for (const desk of desks.splice(0)) desk.disconnect();
  await product.database
    .sql`UPDATE agents SET availability = 'offline', desk_seen_at = NULL, absent_since = NULL`;
});

async function isAt(availability: 'online' | 'away' | 'offline'): Promise<Employed> {
  const agent = await product.employ();
  await say(agent, availability);
  return agent;
}

const say = (agent: Employed, availability: string) =>
  agent.call('PUT', '/v1/agents/me/availability', { availability });
const availabilityOf = async (agent: Employed) =>
  (await agent.call('GET', '/v1/agents/me')).body.availability as string;

/** Opens a desk for an agent and records the availability that it receives. */
async function opens({ id, token }: Employed) {
  const desk = createClient({
    url: product.url,
    appKey: product.app.key,
    token,
    WebSocket: WebSocket as unknown as WebSocketConstructor,
  });
  desks.push(desk);
  const received: string[] = [];
  const own = desk.subscribe(`agent${id}`);
  own.on('availability_changed', ({ agent }) => received.push(agent.availability));
  await own.ready();
  return { received, close: () => desk.disconnect() };
}

/** Lets minutes pass, and runs the presence check. */
async function pass(minutes: number) {
  const { sql } = product.database;
  await sql`UPDATE agents SET desk_seen_at = desk_seen_at - ${minutes} * interval '1 minute'`;
  const [{ id } = { id: '' }] = await sql<{ id: string }[]>`
    SELECT id FROM graphile_worker.add_job('mark-absent-agents', '{}'::json)`;
  await expect
    .poll(async () => (await sql`SELECT FROM graphile_worker.jobs WHERE id = ${id}`).length)
    .toBe(0);
}

/** The agent had a desk open and closed it without logging out. */
async function leaves() {
  const agent = await isAt('online');
  const desk = await opens(agent);
  await pass(0);
  desk.close();
  // The server notices a closed connection with a delay.
  await expect
    .poll(async () => {
      await pass(6);
      return availabilityOf(agent);
    })
    .toBe('away');
  return agent;
}

async function servedBy(sessionId: number) {
  const [row] = await product.database.sql<{ id: number | null }[]>`
    SELECT assigned_agent_id AS id FROM sessions WHERE id = ${sessionId}`;
  return row?.id;
}

describe('an agent who is online', () => {
  it('stays online while a desk is open', async () => {
    const agent = await isAt('online');
    const [one, other] = [await opens(agent), await opens(agent)];
    await pass(0);
    one.close();
    for (let hour = 0; hour < 3; hour += 1) await pass(60);
    expect(await availabilityOf(agent)).toBe('online');
    expect(other.received).toEqual([]);
  });

  it('is set to away after the last desk was closed, gets no conversations, and is online again with the next', async () => {
    const agent = await leaves();
    const visitor = await product.visit();
    await visitor.write('a person, please');
    await expect
      .poll(() => product.database.sql`SELECT FROM queue_items WHERE session_id = ${visitor.sessionId}`)
      .toHaveLength(1);
    await product.database.sql`SELECT graphile_worker.add_job('assign-waiting', '{"appId": 1}'::json)`;
    const { received } = await opens(agent);
    expect(await servedBy(visitor.sessionId)).toBeNull();
    await pass(0);
    expect(await availabilityOf(agent)).toBe('online');
    await expect.poll(() => received).toEqual(['online']);
    await expect.poll(() => servedBy(visitor.sessionId)).toBe(agent.id);
  });

  it('is not set to away by a page reload', async () => {
    const agent = await isAt('online');
    const desk = await opens(agent);
    await pass(0);
    desk.close();
    await pass(4);
    expect(await availabilityOf(agent)).toBe('online');
  });

  it('is left alone without ever having opened a desk', async () => {
    const agent = await isAt('online');
    for (let hour = 0; hour < 3; hour += 1) await pass(60);
    expect(await availabilityOf(agent)).toBe('online');
  });
});

describe('an availability that an agent sets', () => {
  it.each(['away', 'offline'] as const)('stays %s when a desk is opened', async (said) => {
    const agent = await isAt(said);
    await opens(agent);
    await pass(0);
    expect(await availabilityOf(agent)).toBe(said);
  });

  it('also overrides an absence, and reaches the other desks', async () => {
    const agent = await leaves();
    await say(agent, 'offline');
    const { received } = await opens(agent);
    await pass(0);
    expect(await availabilityOf(agent)).toBe('offline');
    await say(agent, 'online');
    await expect.poll(() => received).toEqual(['online']);
  });
});

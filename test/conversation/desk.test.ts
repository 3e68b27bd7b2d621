import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { httpBotRequestSchema } from '../../packages/server/src/domain/bot/http-bot.ts';
import { eventually } from '../support/dispatch.ts';
import { type Employed, startTestProduct, type TestProduct, type Visitor } from '../support/product.ts';

let product: TestProduct;
let admin: Employed;
beforeAll(async () => {
  product = await startTestProduct();
  admin = await product.employ({ role: 'admin' });
});
afterAll(() => product.stop());

const settle = (settings: Record<string, unknown>) => admin.call('PATCH', '/v1/admin/apps/1', { settings });

const liveItem = async (visitor: Visitor) => {
  const [item] = await product.database.sql<
    { id: number; case_id: number; status: string; assigned_agent_id: number | null; queue: string }[]
  >`SELECT id, case_id, status, assigned_agent_id, queue FROM queue_items
    WHERE session_id = ${visitor.sessionId} AND status IN ('waiting', 'assigned')`;
  return item;
};

/** A visitor whose conversation waits in a queue. */
async function waiting() {
  const visitor = await product.visit();
  await visitor.write('I need a human');
  const item = await eventually(
    () => liveItem(visitor),
    (found) => found !== undefined,
  );
  return { visitor, itemId: item?.id ?? 0, caseId: item?.case_id ?? 0 };
}

/** A visitor whose conversation is assigned to the agent. */
async function served(agent: Employed) {
  const item = await waiting();
  const { status } = await agent.call('POST', `/v1/queue-items/${item.itemId}/accept`);
  expect(status).toBe(200);
  return item;
}

const session = async (visitor: Visitor) => (await visitor.call('GET', '/v1/me')).body.session;

test('of many agents who accept concurrently, one gets the conversation and the others an error', async () => {
  const agents = await Promise.all(Array.from({ length: 5 }, () => product.employ()));
  const { itemId } = await waiting();
  const answers = await Promise.all(
    agents.map((one) => one.call('POST', `/v1/queue-items/${itemId}/accept`)),
  );
  const statuses = answers.map(({ status }) => status).sort();
  expect(statuses).toEqual([200, 409, 409, 409, 409]);
  expect(answers.find(({ status }) => status === 409)?.body.code).toBe('already_taken');
});

test('an agent never exceeds their capacity, however many conversations they accept concurrently', async () => {
  const agent = await product.employ({ capacity: 2 });
  const positions = await Promise.all(Array.from({ length: 5 }, waiting));
  const answers = await Promise.all(
    positions.map(({ itemId }) => agent.call('POST', `/v1/queue-items/${itemId}/accept`)),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
  expect(answers.filter(({ body }) => body.code === 'at_capacity')).toHaveLength(3);
});

test('a conversation can be transferred to a queue, to an agent, and to the bot', async () => {
  const [first, second] = [await product.employ(), await product.employ()];
  const { visitor } = await served(first);
  const path = `/v1/sessions/${visitor.sessionId}/transfer`;
  await first.call('POST', path, { to: { queue: 'billing' }, note: 'wants a refund' });
  expect(await liveItem(visitor)).toMatchObject({ queue: 'billing', status: 'waiting' });
  expect(await session(visitor)).toMatchObject({ path: 'live/queue:billing', assignedAgentId: null });

  const item = await liveItem(visitor);
  await second.call('POST', `/v1/queue-items/${item?.id}/accept`);
  await second.call('POST', path, { to: { agentId: first.id } });
  expect(await session(visitor)).toMatchObject({ path: `live/agent:${first.id}`, assignedAgentId: first.id });

  await first.call('POST', path, { to: { bot: true } });
  expect(await session(visitor)).toMatchObject({ agentType: 'bot', path: 'bot' });
  expect(await liveItem(visitor)).toBeUndefined();
  await visitor.write('opening hours');
  await eventually(visitor.history, (said) =>
    said.some(({ text }) => text?.startsWith('Our team is available Monday')),
  );
  const history = await first.call('GET', `/v1/sessions/${visitor.sessionId}/messages`);
  expect(history.body.items.map((message: { kind: string }) => message.kind)).toContain('note');
  expect((await visitor.history()).map(({ kind }) => kind)).not.toContain('note');
});

test('a conversation of another agent is accessible only to supervisors', async () => {
  const [owner, other] = [await product.employ(), await product.employ()];
  const supervisor = await product.employ({ role: 'supervisor' });
  const { visitor, caseId } = await served(owner);
  const path = `/v1/sessions/${visitor.sessionId}/replies`;
  expect((await other.call('POST', path, { text: 'mine' })).status).toBe(403);
  expect((await other.call('POST', `/v1/cases/${caseId}/close`, { disposition: 'resolved' })).status).toBe(
    403,
  );
  expect((await supervisor.call('POST', path, { text: 'hello from above' })).status).toBe(201);
});

test('a case is closed once, and only with a disposition of the app', async () => {
  const agent = await product.employ();
  const { caseId } = await served(agent);
  const close = (disposition: string) => agent.call('POST', `/v1/cases/${caseId}/close`, { disposition });
  const wrong = await close('because');
  expect([wrong.status, wrong.body.errors[0].path]).toEqual([422, 'disposition']);
  expect((await close('resolved')).status).toBe(200);
  expect((await close('resolved')).body.code).toBe('case_closed');
});

test('a case that no agent replied to, or closed as spam, gets no survey', async () => {
  const agent = await product.employ();
  const { visitor, caseId } = await served(agent);
  await agent.call('POST', `/v1/sessions/${visitor.sessionId}/replies`, { text: 'hello' });
  await agent.call('POST', `/v1/cases/${caseId}/close`, { disposition: 'spam' });
  await eventually(
    () => session(visitor),
    ({ path }) => path === 'bot',
  );
  expect(
    await product.database.sql`SELECT FROM csat_surveys WHERE session_id = ${visitor.sessionId}`,
  ).toHaveLength(0);
});

test('a survey is answered by a button or by text, and only once', async () => {
  const agent = await product.employ();
  const { visitor, caseId } = await served(agent);
  await agent.call('POST', `/v1/sessions/${visitor.sessionId}/replies`, { text: 'hello' });
  await agent.call('POST', `/v1/cases/${caseId}/close`, { disposition: 'resolved' });
  await eventually(
    () => session(visitor),
    ({ path }) => path === 'csat',
  );
  await visitor.write('4 - quick and kind');
  await eventually(
    () => session(visitor),
    ({ path }) => path === 'bot',
  );
  const [survey] = await product.database.sql`SELECT answer FROM csat_surveys WHERE case_id = ${caseId}`;
  expect(survey?.answer).toEqual({ score: 4, comment: 'quick and kind' });
  const again = await visitor.call('POST', '/v1/csat-answers', { score: 1 });
  expect([again.status, again.body.code]).toEqual([409, 'survey_closed']);
  await visitor.call('POST', '/v1/quick-replies', { title: '1 😞', payload: `csat:${caseId}:1` });
  await visitor.write('opening hours');
  await eventually(visitor.history, (said) =>
    said.some(({ text }) => text?.startsWith('Our team is available Monday')),
  );
  const [same] = await product.database.sql`SELECT answer FROM csat_surveys WHERE case_id = ${caseId}`;
  expect(same?.answer).toMatchObject({ score: 4 });
});

test('an unanswered survey expires, and the session returns to the bot', async () => {
  const agent = await product.employ();
  const { visitor, caseId } = await served(agent);
  await agent.call('POST', `/v1/sessions/${visitor.sessionId}/replies`, { text: 'hello' });
  await agent.call('POST', `/v1/cases/${caseId}/close`, { disposition: 'resolved' });
  await eventually(visitor.history, (said) => said.some(({ text }) => text?.startsWith('How did we do')));
  const { sql } = product.database;
  await sql`UPDATE csat_surveys SET expires_at = now() - interval '1 second' WHERE case_id = ${caseId}`;
  await sql`SELECT graphile_worker.add_job('expire-survey', (SELECT json_build_object('surveyId', id) FROM csat_surveys WHERE case_id = ${caseId}))`;
  await eventually(
    () => session(visitor),
    ({ path }) => path === 'bot',
  );
  expect((await sql`SELECT status FROM csat_surveys WHERE case_id = ${caseId}`)[0]?.status).toBe('expired');
});

test('a session that has expired is replaced by a new one with the next message', async () => {
  const visitor = await product.visit();
  const { sql } = product.database;
  await sql`UPDATE sessions SET expires_at = now() - interval '1 minute' WHERE id = ${visitor.sessionId}`;
  const { body } = await visitor.write('hello again');
  expect(body.session.id).toBeGreaterThan(visitor.sessionId);
  expect((await sql`SELECT status FROM sessions WHERE id = ${visitor.sessionId}`)[0]?.status).toBe('expired');
});

test('idle sessions end and idle cases are closed; waiting queue items are abandoned', async () => {
  const idle = await product.visit();
  const { visitor, caseId, itemId } = await waiting();
  await eventually(visitor.history, (said) =>
    said.some(({ text }) => text?.startsWith('You’re in the queue')),
  );
  const { sql } = product.database;
  await sql`UPDATE sessions SET expires_at = now() - interval '1 minute' WHERE id IN (${idle.sessionId}, ${visitor.sessionId})`;
  await sql`UPDATE cases SET last_activity_at = now() - interval '3 days' WHERE id = ${caseId}`;
  await sql`UPDATE messages SET created_at = now() - interval '3 days' WHERE session_id = ${visitor.sessionId}`;
  await sql`SELECT graphile_worker.add_job('expire-sessions')`;
  await eventually(
    () => sql`SELECT status FROM sessions WHERE id = ${idle.sessionId}`,
    ([row]) => row?.status === 'expired',
  );
  expect((await sql`SELECT status FROM sessions WHERE id = ${visitor.sessionId}`)[0]?.status).toBe('active');
  await sql`SELECT graphile_worker.add_job('close-idle-cases')`;
  const [closed] = await eventually(
    () => sql`SELECT status, closed_by, disposition FROM cases WHERE id = ${caseId}`,
    ([row]) => row?.status === 'closed',
  );
  expect(closed).toMatchObject({ closed_by: 'timeout', disposition: 'timeout' });
  expect((await sql`SELECT status FROM queue_items WHERE id = ${itemId}`)[0]?.status).toBe('abandoned');
});

test('with automatic assignment, conversations go to available agents, and the rest follow as capacity frees up', async () => {
  await product.database.sql`UPDATE queue_items SET status = 'abandoned' WHERE status = 'waiting'`;
  await settle({ assignment: 'least_busy' });
  await product.database.sql`UPDATE agents SET availability = 'offline'`;
  const one = await product.employ({ capacity: 1 });
  const two = await product.employ({ capacity: 1 });
  for (const agent of [one, two])
    await agent.call('PUT', '/v1/agents/me/availability', { availability: 'online' });
  const positions = [await waiting(), await waiting(), await waiting()];
  const assigned = async () =>
    (await Promise.all(positions.map(({ visitor }) => liveItem(visitor)))).map(
      (item) => item?.assigned_agent_id ?? null,
    );
  const who = await eventually(assigned, (ids) => ids.filter((id) => id !== null).length === 2);
  expect(new Set(who)).toEqual(new Set([one.id, two.id, null]));
  const [done] = positions.filter((_place, index) => who[index] === one.id);
  await one.call('POST', `/v1/cases/${done?.caseId}/close`, { disposition: 'resolved' });
  const next = await eventually(assigned, (ids) => ids[who.indexOf(null)] !== null);
  expect(next[who.indexOf(null)]).toBe(one.id);
  await settle({ assignment: 'manual' });
});

test('with assignment by skill, a conversation waits for an agent who has it', async () => {
  await product.database.sql`UPDATE queue_items SET status = 'abandoned' WHERE status = 'waiting'`;
  await settle({ assignment: 'skill' });
  const { sql } = product.database;
  await sql`UPDATE agents SET availability = 'offline'`;
  const plain = await product.employ({ capacity: 50 });
  await plain.call('PUT', '/v1/agents/me/availability', { availability: 'online' });
  const { visitor } = await waiting();
  await eventually(
    () => liveItem(visitor),
    (item) => item?.assigned_agent_id === plain.id,
  );
  await plain.call('POST', `/v1/sessions/${visitor.sessionId}/transfer`, {
    to: { queue: 'support', skills: ['danish'] },
  });
  const dane = await product.employ({ skills: ['danish'] });
  await dane.call('PUT', '/v1/agents/me/availability', { availability: 'online' });
  await eventually(
    () => liveItem(visitor),
    (item) => item?.assigned_agent_id === dane.id,
  );
  await settle({ assignment: 'manual' });
});

/** An app's own bot, on a port of its own. */
async function startBot(
  answer: (request: { message: { content: { text?: string } } }) => { status: number; body: unknown },
) {
  const asked: { body: string; headers: Record<string, string> }[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString();
    asked.push({ body, headers: request.headers as Record<string, string> });
    const { status, body: said } = answer(JSON.parse(body));
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(said));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const { body } = await admin.call('PUT', '/v1/admin/apps/1/bot', { kind: 'http', url, timeoutMs: 2000 });
  return {
    asked,
    secret: body.secret as string,
    async stop() {
      await admin.call('PUT', '/v1/admin/apps/1/bot', { kind: 'none' });
      server.close();
    },
  };
}

test('an app’s own bot gets a signed request, and its replies are sent in order', async () => {
  const bot = await startBot(({ message }) => ({
    status: 200,
    body: { replies: [{ text: `You said ${message.content.text}` }] },
  }));
  const visitor = await product.visit();
  for (const text of ['one', 'two', 'three']) await visitor.write(text);
  const fromBot = async () =>
    (await visitor.history()).filter(({ from }) => from === 'bot').map(({ text }) => text);
  await eventually(fromBot, (said) => said.join() === 'You said one,You said two,You said three');
  const [first] = bot.asked;
  const asked = new Webhook(bot.secret).verify(first?.body ?? '', first?.headers ?? {});
  expect(httpBotRequestSchema.parse(asked).message.content).toEqual({ text: 'one' });
  await bot.stop();
});

test('an app’s own bot that fails hands the conversation over', async () => {
  const bot = await startBot(() => ({ status: 500, body: { oops: true } }));
  const visitor = await product.visit();
  await visitor.write('something');
  const item = await eventually(
    () => liveItem(visitor),
    (found) => found !== undefined,
  );
  expect(bot.asked).toHaveLength(1);
  expect(item?.status).toBe('waiting');
  await bot.stop();
});

test('a verified identity resumes on any device; a forged one is rejected', async () => {
  const sign = (externalId: string) =>
    createHmac('sha256', product.app.secret).update(externalId).digest('hex');
  const identity = { externalId: 'u-1', signature: sign('u-1') };
  const phone = await product.visit({ identity });
  const laptop = await product.visit({ identity });
  expect([laptop.id, laptop.sessionId]).toEqual([phone.id, phone.sessionId]);
  const forged = await product.call('POST', '/v1/visitors', {
    body: { appKey: product.app.key, identity: { externalId: 'u-1', signature: sign('u-2') } },
  });
  expect([forged.status, forged.body.code]).toEqual([401, 'invalid_signature']);
});

test('a refresh token resumes the visit once; reuse revokes the whole family', async () => {
  const visitor = await product.visit();
  const refresh = (refreshToken: string) =>
    product.call('POST', '/v1/visitors/refresh', { body: { refreshToken } });
  const next = await refresh(visitor.refreshToken);
  expect(next.body).toMatchObject({ resumed: true, session: { id: visitor.sessionId } });
  await product.database
    .sql`UPDATE refresh_tokens SET used_at = used_at - interval '1 hour' WHERE used_at IS NOT NULL`;
  expect((await refresh(visitor.refreshToken)).status).toBe(401);
  expect((await refresh(next.body.refreshToken)).status).toBe(401);
});

test('a message sent ten times concurrently with one idempotency key is stored once', async () => {
  const visitor = await product.visit();
  const answers = await Promise.all(Array.from({ length: 10 }, () => visitor.write('only once', 'key-1')));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(new Set(answers.map(({ body }) => body.message.id)).size).toBe(1);
  const other = await visitor.write('something else', 'key-1');
  expect([other.status, other.body.code]).toEqual([409, 'idempotency_mismatch']);
});

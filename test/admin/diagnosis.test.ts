import type { Diagnosis, MessageSearch } from '@mevrik/protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/dispatch.ts';
import { type Employed, startTestProduct, type TestProduct, type Visitor } from '../support/product.ts';
import { sicken, sickListener } from '../support/sick-listener.ts';

let product: TestProduct;
let admin: Employed;
let illness: Awaited<ReturnType<typeof sicken>>;
beforeAll(async () => {
  product = await startTestProduct({ EVENT_RETRY_ATTEMPTS: '0' });
  admin = await product.employ({ role: 'admin', name: 'Ada', appIds: [] });
  illness = await sicken(product);
});
afterAll(() => product.stop());
beforeEach(async () => {
  // No agent of the previous test has access, and the app has its default settings.
  await product.database.sql`DELETE FROM agent_apps`;
  await settle({ assignment: 'manual', businessHours: null });
});

const settle = async (settings: Record<string, unknown>) =>
  expect((await admin.call('PATCH', '/v1/admin/apps/1', { settings })).status).toBe(200);
const diagnose = async (id: number, by = admin): Promise<Diagnosis> =>
  (await by.call('GET', `/v1/admin/messages/${id}/diagnosis`)).body;
/** The diagnosis, once its verdict has this code. */
const verdict = (id: number, code: string) =>
  eventually(
    () => diagnose(id),
    (diagnosis) => diagnosis.verdict?.code === code,
  );
const stepOf = (steps: Diagnosis['steps'], code: Diagnosis['steps'][number]['code']) =>
  steps.find((step) => step.code === code);
const withinAMinute = expect.toSatisfy((seconds: number) => seconds >= 0 && seconds < 60);
const search = async (q: string, by = admin): Promise<MessageSearch> =>
  (await by.call('GET', `/v1/admin/messages?q=${encodeURIComponent(q)}`)).body;

async function online(person: Parameters<TestProduct['employ']>[0] = {}): Promise<Employed> {
  const agent = await product.employ(person);
  await agent.call('PUT', '/v1/agents/me/availability', { availability: 'online' });
  return agent;
}
async function writes(text: string, visitor?: Visitor) {
  const who = visitor ?? (await product.visit());
  const { status, body } = await who.write(text);
  expect(status).toBe(201);
  return { visitor: who, id: body.message.id as number };
}
const call = 'I would like to talk to a person';
const items = async () => (await admin.call('GET', '/v1/queue-items?status=waiting&limit=100')).body.items;
async function accept(agent: Employed, { sessionId }: Visitor): Promise<void> {
  const item = await eventually(
    async () => (await items()).find((one: { sessionId: number }) => one.sessionId === sessionId),
    (found) => found !== undefined,
  );
  expect((await agent.call('POST', `/v1/queue-items/${item.id}/accept`)).status).toBe(200);
}

describe('a message that was answered', () => {
  it('by the bot has the history of its answer', async () => {
    const { id } = await writes('opening hours');
    const { verdict: found, steps, message } = await verdict(id, 'answered_by_bot');
    expect(found).toMatchObject({ tone: 'good', facts: { bot: 'builtin', channel: 'web' } });
    expect(message).toMatchObject({ id, text: 'opening hours', channel: 'web', isReply: false });
    const codes = steps.map((step) => step.code);
    for (const code of ['message_written', 'event_logged', 'listener_done', 'replied']) {
      expect(codes).toContain(code);
    }
    const times = steps.flatMap(({ at }) => (at === null ? [] : [at]));
    expect(times).toEqual([...times].sort());
    expect(stepOf(steps, 'event_logged')?.link?.to).toBe('event');
  });

  it('by an agent names the agent, and the reply has a diagnosis too', async () => {
    const kim = await online({ name: 'Kim' });
    const { visitor, id } = await writes(call);
    await verdict(id, 'queue_not_accepted');
    await accept(kim, visitor);
    const taken = await verdict(id, 'agent_silent');
    expect(taken.verdict.facts).toEqual({ agent: 'Kim', seconds: withinAMinute, availability: 'online' });
    const replied = await kim.call('POST', `/v1/sessions/${visitor.sessionId}/replies`, {
      text: 'Here I am',
    });
    const done = await verdict(id, 'answered');
    expect(done.verdict.facts).toEqual({ agent: 'Kim', seconds: withinAMinute });
    expect(stepOf(done.steps, 'assigned')?.facts).toEqual({ agent: 'Kim', seconds: withinAMinute });
    const reply = await verdict(replied.body.message.id, 'delivered');
    expect(reply.message).toMatchObject({ isReply: true, sender: { type: 'agent', name: 'Kim' } });
  });
});

describe('a message that waits in a queue has the reason', () => {
  it('without agents in the app', async () => {
    const { id } = await writes(call);
    const { verdict: found } = await verdict(id, 'queue_no_agent_online');
    expect(found.facts).toMatchObject({
      waiting: { queue: 'support', seconds: withinAMinute },
      reason: { code: 'queue_no_agent_online', hasAgents: false },
      byBot: true,
    });
  });

  it('with all agents away', async () => {
    const kim = await product.employ({ name: 'Kim' });
    await kim.call('PUT', '/v1/agents/me/availability', { availability: 'away' });
    const { id } = await writes(call);
    expect((await verdict(id, 'queue_no_agent_online')).verdict.facts).toMatchObject({
      reason: { hasAgents: true, away: ['Kim'] },
    });
  });

  it('outside of business hours, with the next opening', async () => {
    const never = { from: '00:00', to: '00:01' };
    const weekly = { monday: [never], tuesday: [never], wednesday: [never], thursday: [never] };
    const days = { ...weekly, friday: [never], saturday: [never], sunday: [never] };
    // The only open minute of the day is about twelve hours away, at any time of day.
    const timeZone = `Etc/GMT${new Date().getUTCHours() >= 12 ? '+' : '-'}${Math.abs(12 - new Date().getUTCHours())}`;
    const zone = timeZone.replace(/[+-]0$/, '');
    await settle({ businessHours: { timeZone: zone, weekly: days } });
    const { id } = await writes(call);
    expect((await verdict(id, 'queue_closed')).verdict).toMatchObject({
      tone: 'waiting',
      facts: { reason: { timeZone: zone, opensAt: expect.stringMatching(/T\d\d:00:00\.000Z$/) } },
    });
  });

  it('without an online agent who has the skill, with the agents who have it', async () => {
    await settle({ assignment: 'skill' });
    await online({ name: 'Kim', skills: ['english'] });
    await product.employ({ name: 'Noor', skills: ['billing'] });
    const rules = [
      { name: 'bills', when: 'message.text.contains("invoice")', action: 'queue', skills: ['billing'] },
    ];
    const before = (await admin.call('GET', '/v1/admin/apps/1/rules')).body;
    expect((await admin.call('PUT', '/v1/admin/apps/1/rules', { rules })).status).toBe(200);
    const { id } = await writes('my invoice is wrong');
    const { verdict: found, steps } = await verdict(id, 'queue_no_skill');
    expect(found.facts).toMatchObject({
      reason: { skills: ['billing'], online: ['Kim'], skilled: ['Noor'] },
    });
    expect(stepOf(steps, 'handed_over')?.facts).toMatchObject({
      by: 'rule',
      subject: expect.stringContaining('“bills”'),
    });
    await admin.call('PUT', '/v1/admin/apps/1/rules', { rules: before.items ?? before.rules });
  });

  it('with all agents at capacity', async () => {
    await settle({ assignment: 'least_busy' });
    await online({ name: 'Kim', capacity: 1 });
    // The longest waiting conversation is assigned to her, and she has no capacity left.
    await writes(call);
    const { id } = await writes(call);
    const { verdict: found } = await verdict(id, 'queue_no_capacity');
    expect(found.facts).toMatchObject({
      reason: { agents: [{ name: 'Kim', assigned: 1, capacity: 1 }] },
    });
  });
});

describe('a message that will not be answered', () => {
  it('because its listener gave up links to the dead letters', async () => {
    await illness.relapse();
    const { id } = await writes('poison, and no answer');
    const { verdict: found, message } = await verdict(id, 'listener_dead');
    expect(found.facts).toEqual({
      listener: sickListener,
      error: expect.stringContaining('poisoned'),
    });
    expect(found.links.map(({ to }) => to)).toEqual(['dead_letters', 'event']);
    expect(found.links[0]?.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(message.customer.id).toBeGreaterThan(0);
    await illness.heal();

    const filter = { eventId: found.links[0]?.id };
    expect((await admin.call('POST', '/v1/admin/dead-letters/discard', { filter })).status).toBe(200);
    const { verdict: given, steps } = await verdict(id, 'listener_discarded');
    expect(given.facts).toEqual({
      listener: sickListener,
      discardedBy: 'Ada',
      seconds: withinAMinute,
      error: expect.stringContaining('poisoned'),
    });
    expect(stepOf(steps, 'listener_discarded')?.facts).toMatchObject({ discardedBy: 'Ada' });

    // Follows the advice.
    const again = { listeners: [sickListener], filter, expected: 1 };
    expect((await admin.call('POST', '/v1/admin/replays', again)).status).toBe(202);
    await verdict(id, 'answered_by_bot');
  });

  it('because its listener is paused has the reason', async () => {
    const { sql } = product.database;
    await sql`
      INSERT INTO paused_apps (subscription, app_id, reason) VALUES (${sickListener}, 1, 'Too much is parked.')`;
    const visitor = await product.visit();
    let id = 0;
    // The dispatcher notices the pause with a delay; events that it still handles get a reply.
    const { verdict: found, steps } = await eventually(
      async () => {
        ({ id } = await writes('hello?', visitor));
        return diagnose(id);
      },
      (diagnosis) => diagnosis.verdict.code === 'listener_paused',
    );
    expect(found.facts).toEqual({ listener: sickListener, reason: 'Too much is parked.' });
    expect(found.links[0]).toMatchObject({ to: 'listeners', id: sickListener });
    expect(stepOf(steps, 'listener_paused')?.facts).toMatchObject({ listener: sickListener });
    expect((await admin.call('POST', `/v1/admin/subscriptions/${sickListener}/resume`)).body).toEqual({
      resumed: 1,
    });
    await verdict(id, 'answered_by_bot');
  });

  it('because the app’s bot fails and no agent is online has both reasons', async () => {
    const bot = { kind: 'http', url: 'http://127.0.0.1:9/turn', timeoutMs: 500 };
    expect((await admin.call('PUT', '/v1/admin/apps/1/bot', bot)).status).toBe(200);
    const { id } = await writes('hello bot');
    const { verdict: found, steps, message } = await verdict(id, 'bot_failed');
    expect(found.facts).toMatchObject({
      failedBot: message.appName,
      waiting: { queue: 'support' },
      reason: { code: 'queue_no_agent_online' },
    });
    expect(found.links[0]?.to).toBe('bot');
    expect(stepOf(steps, 'bot_failed')?.tone).toBe('bad');
    await admin.call('PUT', '/v1/admin/apps/1/bot', { kind: 'builtin' });
  });

  it('because the case was closed without a reply names the agent', async () => {
    const kim = await online({ name: 'Kim' });
    const { visitor, id } = await writes(call);
    await accept(kim, visitor);
    const session = (await kim.call('GET', `/v1/sessions/${visitor.sessionId}`)).body;
    const closed = await kim.call('POST', `/v1/cases/${session.openCaseId}/close`, { disposition: 'spam' });
    expect(closed.status).toBe(200);
    expect((await verdict(id, 'closed_unanswered')).verdict.facts).toEqual({
      closedBy: 'agent',
      agent: 'Kim',
      disposition: 'spam',
    });
  });

  it('because the session has ended', async () => {
    const { sql } = product.database;
    expect((await admin.call('PUT', '/v1/admin/apps/1/bot', { kind: 'none' })).status).toBe(200);
    const { visitor, id } = await writes('hello, are you there?');
    await verdict(id, 'queue_no_agent_online');
    // As after the retention period of queue items.
    await sql`DELETE FROM queue_items WHERE session_id = ${visitor.sessionId}`;
    await sql`UPDATE sessions SET status = 'ended', open_case_id = NULL, agent_type = 'bot' WHERE id = ${visitor.sessionId}`;
    await verdict(id, 'session_closed');
    await admin.call('PUT', '/v1/admin/apps/1/bot', { kind: 'builtin' });
  });
});

describe('a message is found', () => {
  it('by part of its text, its id, its session, and its customer', async () => {
    const profile = { name: 'Vera Lindqvist', email: 'vera@example.org', phone: '+46701234567' };
    const visitor = await product.visit({ profile });
    const { id } = await writes('where is my zebra%parcel', visitor);
    for (const q of [
      'ZEBRA%p',
      `${id}`,
      `#${id}`,
      `${visitor.sessionId}`,
      'lindq',
      'vera@exam',
      '+4670123',
    ]) {
      const found = await search(q);
      expect([q, found.items.map((one) => one.id)]).toEqual([q, expect.arrayContaining([id])]);
    }
    expect((await search(`${id}`)).items[0]?.id).toBe(id);
    expect(await search('zebra_parcel')).toEqual({ items: [], stuck: [], searchedNewest: null });
  });

  it('by supervisors in their own apps only, and not by agents', async () => {
    const { id } = await writes('a word for the supervisor');
    const own = await product.employ({ role: 'supervisor', appIds: [1] });
    const stranger = await product.employ({ role: 'supervisor', appIds: [] });
    const agent = await product.employ({});
    expect((await search('for the supervisor', own)).items).toHaveLength(1);
    expect((await diagnose(id, own)).message.id).toBe(id);
    expect((await search('for the supervisor', stranger)).items).toEqual([]);
    expect((await stranger.call('GET', `/v1/admin/messages/${id}/diagnosis`)).status).toBe(403);
    expect((await agent.call('GET', `/v1/admin/messages?q=word`)).status).toBe(403);
    expect((await admin.call('GET', `/v1/admin/messages/999999999/diagnosis`)).status).toBe(404);
  });

  it.each(['', 'q=', 'q=%20', `q=${'x'.repeat(201)}`, 'q=a&limit=0', 'q=a&colour=red'])(
    'not with the query %j',
    async (query) => {
      expect((await admin.call('GET', `/v1/admin/messages?${query}`)).status).toBe(422);
    },
  );
});

import type { Case, Message, QueueItem, Session } from '@mevrik/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PageOf, type Stored, startHttp, type TestHttp, type Visit } from '../support/http.ts';

let http: TestHttp;
let agent: { id: number; accessToken: string };
beforeAll(async () => {
  http = await startHttp();
  agent = await http.staff('alex');
});
afterAll(() => http.stop());

const write = (visit: Visit, body: unknown, headers: Record<string, string> = {}) =>
  http.post<Stored>('/v1/messages', body, visit.accessToken, headers);

describe('a visitor', () => {
  it('gets a customer, a session and tokens, and finds them again', async () => {
    const visit = await http.visit();
    expect(visit).toMatchObject({
      resumed: false,
      session: { status: 'active', channel: 'web', path: 'bot' },
    });
    const me = await http.get<Record<string, unknown>>('/v1/me', visit.accessToken);
    const opening = { isOpen: true, changesAt: null, isStaffed: false, hasOfflineForm: false };
    expect(me.body).toEqual({
      customer: visit.customer,
      session: visit.session,
      opening,
      queuePosition: null,
      agent: null,
    });
    expect(await http.events(visit.session.conversationKey)).toEqual([
      'NewCustomerProfileCreated',
      'SessionCreatedEvent',
    ]);
  });

  it('sends a message, which is stored together with its event', async () => {
    const visit = await http.visit();
    const { status, body } = await write(visit, { text: 'Grüße 👋' });
    expect(status).toBe(201);
    expect(body.message).toMatchObject({
      kind: 'text',
      content: { text: 'Grüße 👋' },
      sender: { type: 'customer', id: visit.customer.id },
      sessionId: visit.session.id,
      isReply: false,
    });
    expect((await http.events(visit.session.conversationKey)).at(-1)).toBe('MessageReadyEvent');
  });

  it.each([
    ['/v1/messages', { attachments: [{ type: 'image', url: 'https://files.example/a.png' }] }, 'attachment'],
    ['/v1/messages', { kind: 'video_call_request' }, 'video_call_request'],
    ['/v1/postbacks', { title: 'Prices', payload: 'PRICES' }, 'postback'],
    ['/v1/quick-replies', { title: 'Yes', payload: 'YES' }, 'quick_reply'],
  ])('sends to %s %j', async (path, body, kind) => {
    const visit = await http.visit();
    const answer = await http.post<Stored>(path, body, visit.accessToken);
    expect(answer.status).toBe(201);
    expect(answer.body.message.kind).toBe(kind);
    const [, , ...events] = await http.events(visit.session.conversationKey);
    const interaction = { postback: 'MessagePostbackEvent', quick_reply: 'MessageQuickReplyEvent' }[kind];
    expect(events).toEqual(['MessageReadyEvent', ...(interaction ? [interaction] : [])]);
  });

  it('answers an open survey', async () => {
    const visit = await http.visit();
    const { caseId } = await http.handOver(visit);
    await http.database.sql`
      INSERT INTO csat_surveys (app_id, case_id, session_id, customer_id, conversation_key, expires_at)
      VALUES (${http.acme.id}, ${caseId}, ${visit.session.id}, ${visit.customer.id},
              ${visit.session.conversationKey}, now() + interval '1 hour')`;
    const answer = await http.post<Stored>(
      '/v1/csat-answers',
      { score: 5, comment: 'quick' },
      visit.accessToken,
    );
    expect(answer.status).toBe(201);
    expect(answer.body.message).toMatchObject({ kind: 'csat_answer', content: { csat: { score: 5 } } });
  });

  it('reads the history page by page, without notes', async () => {
    const visit = await http.visit();
    for (const text of ['one', 'two', 'three', 'four', 'five']) await write(visit, { text });
    await http.post(`/v1/sessions/${visit.session.id}/notes`, { text: 'a nice person' }, agent.accessToken);
    const texts: (string | undefined)[] = [];
    let cursor: string | null = null;
    do {
      const from: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page = await http.get<PageOf<Message>>(`/v1/messages?limit=2${from}`, visit.accessToken);
      expect(page.body.items.length).toBeLessThanOrEqual(2);
      texts.push(...page.body.items.map(({ content }) => content.text));
      cursor = page.body.next;
    } while (cursor !== null);
    expect(texts).toEqual(['five', 'four', 'three', 'two', 'one']);
  });

  it('shows typing and read receipts to subscribers', async () => {
    const visit = await http.visit();
    const { body } = await http.post<{ message: Message }>(
      `/v1/sessions/${visit.session.id}/replies`,
      { text: 'hello' },
      agent.accessToken,
    );
    http.published.length = 0;
    expect((await http.post('/v1/typing', { typing: true }, visit.accessToken)).status).toBe(204);
    expect((await http.post('/v1/read', { messageId: body.message.id }, visit.accessToken)).status).toBe(204);
    const where = { appId: http.acme.id, topic: `session${visit.session.id}` };
    expect(http.published).toMatchObject([
      { ...where, event: 'typing', payload: { by: 'customer', typing: true } },
      { ...where, event: 'message_read', payload: { by: 'customer', messageId: body.message.id } },
    ]);
    const history = await http.get<PageOf<Message>>('/v1/messages', visit.accessToken);
    expect(history.body.items[0]).toMatchObject({ id: body.message.id, deliveryStatus: 'read' });
  });
});

describe('a repeated request', () => {
  const key = { 'idempotency-key': 'order 66 / try-1'.replaceAll(' ', '') };

  it('returns the first message, which is stored once', async () => {
    const visit = await http.visit();
    const first = await write(visit, { text: 'hello' }, key);
    const second = await write(visit, { text: 'hello' }, key);
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.body.message).toEqual(first.body.message);
    const history = await http.get<PageOf<Message>>('/v1/messages', visit.accessToken);
    expect(history.body.items).toHaveLength(1);
  });

  it('is stored once even if all copies arrive at the same time', async () => {
    const visit = await http.visit();
    const answers = await Promise.all(Array.from({ length: 10 }, () => write(visit, { text: 'hello' }, key)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([...Array(9).fill(200), 201]);
    expect(new Set(answers.map(({ body }) => body.message.id)).size).toBe(1);
    const events = await http.events(visit.session.conversationKey);
    expect(events.filter((type) => type === 'MessageReadyEvent')).toHaveLength(1);
  });

  it('with a different text is rejected', async () => {
    const visit = await http.visit();
    await write(visit, { text: 'hello' }, key);
    const { status, body } = await write(visit, { text: 'goodbye' }, key);
    expect({ status, body }).toMatchObject({ status: 409, body: { code: 'idempotency_mismatch' } });
  });

  it('to a different endpoint is rejected', async () => {
    const visit = await http.visit();
    const choice = { title: 'Yes', payload: 'YES' };
    await http.post('/v1/postbacks', choice, visit.accessToken, key);
    expect((await http.post('/v1/quick-replies', choice, visit.accessToken, key)).status).toBe(409);
  });

  it('is scoped to the writer: customer and agent may use the same key', async () => {
    const visit = await http.visit();
    const replies = `/v1/sessions/${visit.session.id}/replies`;
    const statuses = [
      (await write(visit, { text: 'hello' }, key)).status,
      (await http.post(replies, { text: 'hello' }, agent.accessToken, key)).status,
      (await http.post(replies, { text: 'hello' }, agent.accessToken, key)).status,
      (await http.post(replies, { text: 'other' }, agent.accessToken, key)).status,
    ];
    expect(statuses).toEqual([201, 201, 200, 409]);
  });
});

describe('any valid text', () => {
  it('is returned unchanged', async () => {
    const visit = await http.visit();
    const text = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 200 })
      .filter((written) => /\S/.test(written) && !written.includes('\0'));
    await fc.assert(
      fc.asyncProperty(text, async (written) => {
        const { status, body } = await write(visit, { text: written });
        expect({ status, text: body.message?.content.text }).toEqual({ status: 201, text: written });
      }),
      { numRuns: 60 },
    );
  });
});

describe('arbitrary JSON', () => {
  it('is stored or rejected with a problem, and never causes an internal error', async () => {
    const visit = await http.visit();
    const paths = ['messages', 'postbacks', 'quick-replies', 'csat-answers', 'typing', 'read', 'visitors'];
    const body = fc.oneof(
      fc.json(),
      fc.record({ text: fc.anything(), kind: fc.anything() }).map((value) => JSON.stringify(value) ?? ''),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), body, async (path, sent) => {
        const { status } = await http.post(`/v1/${path}`, sent, visit.accessToken);
        expect(status).toBeLessThan(500);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a back end', () => {
  it('submits a message, which becomes an event', async () => {
    const { sql } = http.database;
    await sql`INSERT INTO channels (app_id, name, kind) VALUES (${http.acme.id}, 'sms', 'api')`;
    http.apps.forget();
    const { key, secret } = http.acme;
    const authorization = `Basic ${Buffer.from(`${key}:${secret}`).toString('base64')}`;
    const message = {
      channel: 'sms',
      contactId: '+8801',
      externalId: 'one',
      kind: 'text',
      content: { text: 'hello' },
      profile: { name: 'Ann' },
    };
    const { status, body } = await http.post('/v1/external-messages', message, undefined, { authorization });
    expect({ status, body }).toEqual({ status: 202, body: { accepted: true } });
    expect(await http.events(`${http.acme.id}/sms:+8801`)).toEqual(['NewMessageReceivedEvent']);
  });
});

describe('an agent', () => {
  it('reads their account, and sets their availability and capacity', async () => {
    const { status, body } = await http.ask('PUT', '/v1/agents/me/availability', {
      token: agent.accessToken,
      body: { availability: 'online', capacity: 8 },
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: agent.id, role: 'agent', availability: 'online', capacity: 8 });
    expect((await http.get('/v1/agents/me', agent.accessToken)).body).toEqual(body);
    expect(JSON.stringify(body)).not.toMatch(/password|argon/);
  });

  it('accepts a waiting conversation, replies, and closes the case', async () => {
    const visit = await http.visit();
    await write(visit, { text: 'a person, please' });
    const { id, caseId } = await http.handOver(visit);
    const token = agent.accessToken;

    const queue = await http.get<PageOf<QueueItem>>('/v1/queue-items?status=waiting', token);
    expect(queue.body.items.map((item) => item.id)).toContain(id);
    const accepted = await http.post<{ session: Session }>(`/v1/queue-items/${id}/accept`, undefined, token);
    expect(accepted).toMatchObject({
      status: 200,
      body: { queueItem: { status: 'assigned' }, session: { assignedAgentId: agent.id, agentType: 'live' } },
    });
    const mine = await http.get<PageOf<Session>>('/v1/sessions?assigned=me', token);
    expect(mine.body.items.map((session) => session.id)).toContain(visit.session.id);

    const path = `/v1/sessions/${visit.session.id}`;
    const reply = await http.post<{ message: Message }>(
      `${path}/replies`,
      { text: 'How can I help?' },
      token,
    );
    expect(reply).toMatchObject({
      status: 201,
      body: { message: { isReply: true, sender: { type: 'agent', id: agent.id, name: 'alex' } } },
    });
    expect((await http.post(`${path}/notes`, { text: 'sounds tired' }, token)).status).toBe(201);
    const history = await http.get<PageOf<Message>>(`${path}/messages`, token);
    expect(history.body.items.map(({ kind }) => kind)).toEqual(['note', 'text', 'text']);

    expect((await http.get(`/v1/customers/${visit.customer.id}`, token)).body).toEqual(visit.customer);
    expect((await http.get(path, token)).body).toMatchObject({ openCaseId: caseId });
    const wrong = await http.post(`/v1/cases/${caseId}/close`, { disposition: 'whatever' }, token);
    expect(wrong).toMatchObject({ status: 422, body: { errors: [{ path: 'disposition' }] } });
    const closed = await http.post<{ case: Case }>(
      `/v1/cases/${caseId}/close`,
      { disposition: 'resolved' },
      token,
    );
    expect(closed).toMatchObject({
      status: 200,
      body: { case: { status: 'closed', disposition: 'resolved' } },
    });
    expect((await http.get(`/v1/cases/${caseId}`, token)).body).toMatchObject({ case: { status: 'closed' } });
    const again = await http.post(`/v1/cases/${caseId}/close`, { disposition: 'resolved' }, token);
    expect(again).toMatchObject({ status: 409, body: { code: 'case_closed' } });
  });

  it('is the only one of several who gets a conversation; the others get already_taken', async () => {
    const visit = await http.visit();
    const { id } = await http.handOver(visit);
    const rivals = [agent, await http.staff('beth'), await http.staff('carl')];
    const answers = await Promise.all(
      rivals.map(({ accessToken }) => http.post(`/v1/queue-items/${id}/accept`, undefined, accessToken)),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409, 409]);
  });

  it('transfers to another agent, to a queue, and back to the bot', async () => {
    const dora = await http.staff('dora');
    const visit = await http.visit();
    const { id } = await http.handOver(visit);
    await http.post(`/v1/queue-items/${id}/accept`, undefined, agent.accessToken);
    const transfer = (to: unknown, token: string) =>
      http.post<{ session: Session }>(
        `/v1/sessions/${visit.session.id}/transfer`,
        { to, note: 'yours' },
        token,
      );

    const toDora = await transfer({ agentId: dora.id }, agent.accessToken);
    expect(toDora.body.session).toMatchObject({ assignedAgentId: dora.id });
    expect((await transfer({ bot: true }, agent.accessToken)).body).toMatchObject({ code: 'forbidden' });
    const toQueue = await transfer({ queue: 'billing', skills: ['en'] }, dora.accessToken);
    expect(toQueue.body.session).toMatchObject({
      assignedAgentId: null,
      path: expect.stringContaining('billing'),
    });
    const toBot = await transfer({ bot: true }, dora.accessToken);
    expect(toBot.body.session).toMatchObject({ agentType: 'bot', assignedAgentId: null });
  });

  it('sends typing and read receipts', async () => {
    const visit = await http.visit();
    const { body } = await write(visit, { text: 'hello' });
    http.published.length = 0;
    const path = `/v1/sessions/${visit.session.id}`;
    expect((await http.post(`${path}/typing`, { typing: true }, agent.accessToken)).status).toBe(204);
    expect((await http.post(`${path}/read`, { messageId: body.message.id }, agent.accessToken)).status).toBe(
      204,
    );
    expect(http.published).toMatchObject([
      { event: 'typing', payload: { by: 'agent', typing: true } },
      { event: 'message_read', payload: { by: 'agent', messageId: body.message.id } },
      {
        event: 'message_read',
        topic: expect.stringMatching(/^agent\d+$/),
        payload: { sessionId: visit.session.id },
      },
    ]);
  });
});

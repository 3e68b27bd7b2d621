import { createClient } from '@mevrik/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/dispatch.ts';
import { type Employed, startTestProduct, type TestProduct, type Visitor } from '../support/product.ts';

let product: TestProduct;
let admin: Employed;
let supervisor: Employed;
let agent: Employed;
beforeAll(async () => {
  product = await startTestProduct();
  [admin, supervisor, agent] = await Promise.all([
    product.employ({ role: 'admin' }),
    product.employ({ role: 'supervisor' }),
    product.employ({ capacity: 50 }),
  ]);
});
afterAll(() => product.stop());

const settle = async (settings: Record<string, unknown>) =>
  (await admin.call('PATCH', '/v1/admin/apps/1', { settings })).status;
const rowOf = async ({ sessionId }: Visitor) =>
  (await agent.call('GET', `/v1/sessions/${sessionId}/conversation`)).body;
const shown = async (query: string): Promise<number[]> =>
  (await agent.call('GET', `/v1/conversations?${query}`)).body.items.map(
    ({ session }: { session: { id: number } }) => session.id,
  );

/** A visitor whose conversation is assigned to the agent. */
async function served(): Promise<{ visitor: Visitor; caseId: number }> {
  const visitor = await product.visit();
  await visitor.write('I need a human');
  const row = await eventually(
    () => rowOf(visitor),
    ({ queueItem }) => queueItem !== null,
  );
  await agent.call('POST', `/v1/queue-items/${row.queueItem.id}/accept`);
  return { visitor, caseId: row.case.id };
}

describe('canned replies', () => {
  it('are written by supervisors, read by agents of the app, and every change is audited', async () => {
    const greeting = {
      appId: 1,
      shortcut: 'hello',
      text: 'Hello {{customer.name|there}}, I am {{agent.name}}.',
    };
    const { status, body: added } = await supervisor.call('POST', '/v1/canned-replies', greeting);
    expect([status, added]).toEqual([
      201,
      { ...greeting, id: expect.any(Number), updatedAt: expect.any(String) },
    ]);
    await supervisor.call('PATCH', `/v1/canned-replies/${added.id}`, { text: 'Hi {{customer.name}}' });
    const sdk = createClient({ url: product.url, appKey: product.app.key, token: agent.token });
    expect((await sdk.rest.desk.cannedReplies(1)).items).toEqual([
      { ...added, text: 'Hi {{customer.name}}', updatedAt: expect.any(String) },
    ]);
    expect((await supervisor.call('DELETE', `/v1/canned-replies/${added.id}`)).status).toBe(204);
    expect((await sdk.rest.desk.cannedReplies(1)).items).toEqual([]);
    const trail = await product.database.sql`
      SELECT actor, action, detail FROM audit_entries WHERE action LIKE 'canned-reply.%' ORDER BY id`;
    const by = { actor: `supervisor ${supervisor.id}`, detail: { shortcut: 'hello' } };
    expect(trail).toEqual(
      ['add', 'change', 'remove'].map((act) => ({ ...by, action: `canned-reply.${act}` })),
    );
  });

  it('are forbidden without permission, and for other apps', async () => {
    const reply = { appId: 1, shortcut: 'mine', text: 'Hello' };
    const { body: kept } = await admin.call('POST', '/v1/canned-replies', reply);
    const stranger = await product.employ({ role: 'supervisor', appIds: [] });
    const visitor = await product.visit();
    for (const [who, method, path, body] of [
      [agent, 'POST', '/v1/canned-replies', reply],
      [agent, 'PATCH', `/v1/canned-replies/${kept.id}`, { text: 'x' }],
      [agent, 'DELETE', `/v1/canned-replies/${kept.id}`, undefined],
      [stranger, 'GET', '/v1/canned-replies?appId=1', undefined],
      [stranger, 'POST', '/v1/canned-replies', reply],
      [stranger, 'PATCH', `/v1/canned-replies/${kept.id}`, { text: 'x' }],
      [stranger, 'DELETE', `/v1/canned-replies/${kept.id}`, undefined],
      [visitor, 'GET', '/v1/canned-replies?appId=1', undefined],
    ] as const) {
      expect([method, path, (await who.call(method, path, body)).status]).toEqual([method, path, 403]);
    }
    expect((await agent.call('GET', '/v1/canned-replies?appId=1')).body.items).toEqual([kept]);
  });

  it.each([
    [{ shortcut: 'Mine' }, 409, 'shortcut'],
    [{ shortcut: 'two words' }, 422, 'shortcut'],
    [{ shortcut: '' }, 422, 'shortcut'],
    [{ text: '   ' }, 422, 'text'],
    [{ text: 'Dear {{customer.nmae}}' }, 422, 'text'],
    [{ text: 'x'.repeat(10_001) }, 422, 'text'],
  ])(
    'have a shortcut of their own and say something that can be filled in: %j',
    async (wrong, status, path) => {
      const body = { appId: 1, shortcut: 'other', text: 'Hello', ...wrong };
      const refused = await admin.call('POST', '/v1/canned-replies', body);
      expect([refused.status, refused.body.errors[0].path]).toEqual([status, path]);
    },
  );
});

describe('a disposition', () => {
  const refund = {
    name: 'refund',
    fields: [
      { name: 'order', label: 'Order number', kind: 'text', required: true },
      { name: 'reason', label: 'Reason', kind: 'choice', required: true, choices: ['late', 'broken'] },
      { name: 'comment', label: 'Comment', kind: 'text' },
    ],
  };

  it('requires its fields, which are stored with the case and its event', async () => {
    expect(await settle({ dispositions: ['resolved', refund] })).toBe(200);
    const { visitor, caseId } = await served();
    const close = (fields?: object, disposition = 'refund') =>
      agent.call('POST', `/v1/cases/${caseId}/close`, { disposition, ...(fields ? { fields } : {}) });
    for (const [fields, path] of [
      [undefined, 'fields.order'],
      [{ order: '  ', reason: 'late' }, 'fields.order'],
      [{ order: '20418', reason: 'colour' }, 'fields.reason'],
      [{ order: '20418', reason: 'late', colour: 'blue' }, 'fields.colour'],
    ] as const) {
      const { status, body } = await close(fields);
      expect([fields, status, body.errors[0].path]).toEqual([fields, 422, path]);
    }
    expect((await close({}, 'unheard of')).body.errors[0].path).toBe('disposition');
    expect((await agent.call('GET', `/v1/cases/${caseId}`)).body.case.status).toBe('open');

    const said = { order: '20418', reason: 'late' };
    const { status, body } = await close({ ...said, order: ' 20418 ', comment: '' });
    expect([status, body.case.dispositionFields]).toEqual([200, said]);
    const overview = (await agent.call('GET', `/v1/customers/${visitor.id}/overview`)).body;
    expect(overview.cases[0]).toMatchObject({ disposition: 'refund', dispositionFields: said });
    const [event] = await product.database.sql`
      SELECT data FROM events WHERE type = 'MevrikCaseClosedEvent' ORDER BY occurred_at DESC LIMIT 1`;
    expect(event?.data.case.dispositionFields).toEqual(said);
  });

  it('of an app without its own requires nothing, and desks receive all of them', async () => {
    expect(await settle({ dispositions: ['done'] })).toBe(200);
    const { caseId } = await served();
    const [app] = (await agent.call('GET', '/v1/apps')).body.items;
    expect(app.dispositions).toEqual([{ name: 'done', fields: [] }]);
    expect((await agent.call('POST', `/v1/cases/${caseId}/close`, { disposition: 'done' })).status).toBe(200);
  });

  it.each([
    [['resolved', 'resolved']],
    [[{ ...refund, fields: [refund.fields[0], refund.fields[0]] }]],
    [[{ ...refund, fields: [{ name: 'a', label: 'A', kind: 'choice' }] }]],
    [[{ ...refund, fields: [{ name: 'No Name', label: 'A', kind: 'text' }] }]],
  ])('that cannot be filled in is rejected: %j', async (dispositions) => {
    expect(await settle({ dispositions })).toBe(422);
  });
});

describe('the lists of the desk', () => {
  it('show a conversation as it is at one moment: never its new queue item without its case', async () => {
    const { visitor, caseId } = await served();
    await agent.call('POST', `/v1/cases/${caseId}/close`, { disposition: 'done' });
    const { sql } = product.database;
    const reading = await sql.begin(async (change) => {
      await change`LOCK TABLE queue_items`;
      const row = rowOf(visitor);
      await eventually(
        () => sql`SELECT FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FROM queue_items%'`,
        (waiting) => waiting.length > 0,
      );
      await change`UPDATE cases SET status = 'open' WHERE id = ${caseId}`;
      await change`UPDATE queue_items SET status = 'waiting' WHERE case_id = ${caseId}`;
      // Not awaited here: it waits for the commit.
      return { row };
    });
    const { queueItem, case: open } = await reading.row;
    expect({ queueItem, case: open }).toEqual({ queueItem: null, case: null });
    expect(await rowOf(visitor)).toMatchObject({ queueItem: { status: 'waiting' }, case: { id: caseId } });
    await agent.call('POST', `/v1/queue-items/${(await rowOf(visitor)).queueItem.id}/accept`);
    await agent.call('POST', `/v1/cases/${caseId}/close`, { disposition: 'done' });
  });

  it('have first reply deadlines, filter overdue ones, and sort by deadline', async () => {
    await settle({ sla: { firstReplyMinutes: { normal: 10, low: null } } });
    const [late, soon] = [await served(), await served()];
    await settle({ sla: { firstReplyMinutes: { normal: null } } });
    const never = await served();
    const due = (await rowOf(soon.visitor)).case;
    expect(Math.abs(Date.parse(due.firstReplyDueAt) - Date.parse(due.createdAt) - 600_000)).toBeLessThan(
      60_000,
    );
    expect((await rowOf(never.visitor)).case.firstReplyDueAt).toBeNull();
    const { sql } = product.database;
    await sql`UPDATE cases SET first_reply_due_at = now() - interval '1 minute' WHERE id = ${late.caseId}`;

    expect(await shown('view=mine&overdue=true')).toEqual([late.visitor.sessionId]);
    const order = [late, soon, never].map(({ visitor }) => visitor.sessionId);
    expect(await shown('view=mine&sort=due')).toEqual(order);
    // The order is the same page by page.
    const pages: number[] = [];
    let cursor = '';
    do {
      const path = `/v1/conversations?view=mine&sort=due&limit=1${cursor}`;
      const { items, next } = (await agent.call('GET', path)).body;
      pages.push(items[0].session.id);
      cursor = next === null ? '' : `&cursor=${next}`;
    } while (cursor !== '');
    expect(pages).toEqual(order);

    await agent.call('POST', `/v1/sessions/${late.visitor.sessionId}/replies`, { text: 'Here I am' });
    expect(await shown('view=mine&overdue=true')).toEqual([]);
    expect((await rowOf(late.visitor)).case.firstReplyAt).not.toBeNull();
  });

  it('show since when a customer has waited for an agent’s reply', async () => {
    const { visitor } = await served();
    const { waitingSince } = await rowOf(visitor);
    await visitor.write('Hello?');
    expect((await rowOf(visitor)).waitingSince).toBe(waitingSince);
    await agent.call('POST', `/v1/sessions/${visitor.sessionId}/notes`, { text: 'one moment' });
    expect((await rowOf(visitor)).waitingSince).toBe(waitingSince);
    await agent.call('POST', `/v1/sessions/${visitor.sessionId}/replies`, { text: 'Here I am' });
    expect((await rowOf(visitor)).waitingSince).toBeNull();
    await visitor.write('Thanks');
    expect(Date.parse((await rowOf(visitor)).waitingSince)).toBeGreaterThan(Date.parse(waitingSince));
  });

  it('filter by channel, and show what the channels support', async () => {
    await admin.call('PUT', '/v1/admin/apps/1/channels/shop', { kind: 'web' });
    const visitor = await product.visit({ channel: 'shop' });
    expect(await shown('channel=shop')).toEqual([visitor.sessionId]);
    const [{ channels, queues }] = (await agent.call('GET', '/v1/apps')).body.items;
    const web = channels.find(({ name }: { name: string }) => name === 'shop');
    expect(web.capabilities).toMatchObject({ textLength: 10_000, replyWindowHours: null });
    expect(queues).toContain('support');
  });
});

describe('a note', () => {
  it('sent again with its idempotency key is stored once, and a different text is rejected', async () => {
    const { visitor } = await served();
    const write = (text: string) =>
      agent.call(
        'POST',
        `/v1/sessions/${visitor.sessionId}/notes`,
        { text },
        { 'idempotency-key': 'note-1' },
      );
    const [first, again] = [await write('careful'), await write('careful')];
    expect([first.status, again.status, again.body.message.id]).toEqual([201, 201, first.body.message.id]);
    expect((await write('careless')).body.code).toBe('idempotency_mismatch');
  });
});

describe('outside of business hours', () => {
  const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
  const week = (span: { from: string; to: string }) =>
    Object.fromEntries(weekdays.map((day) => [day, [span]]));
  afterAll(() => settle({ businessHours: null }));

  it('a customer who asks for an agent learns when the team is back, and the first reply is due after that', async () => {
    // Open for one hour a day, starting ten hours from now.
    const opens = new Date(Date.now() + 10 * 3_600_000).getUTCHours();
    const clock = (hour: number) => `${String(hour).padStart(2, '0')}:00`;
    const hours = { timeZone: 'UTC', weekly: week({ from: clock(opens), to: clock(opens + 1) }) };
    const sla = { firstReplyMinutes: { normal: 10 } };
    expect(await settle({ businessHours: hours, sla })).toBe(200);
    const visitor = await product.visit();
    const { opening } = (await visitor.call('GET', '/v1/me')).body;
    expect(opening).toMatchObject({
      isOpen: false,
      changesAt: expect.stringContaining(`T${clock(opens)}:00`),
    });
    await visitor.write('I need a human');
    const messages = await eventually(
      async () => (await visitor.call('GET', '/v1/messages')).body.items,
      ([last]) => last?.sender.type === 'system',
    );
    expect(messages[0].content.text).toMatch(/^We’re closed right now and open again on \w+day.*#\d+\./);
    const row = await rowOf(visitor);
    expect(Date.parse(row.case.firstReplyDueAt)).toBe(Date.parse(opening.changesAt) + 600_000);
    expect(row.queueItem.status).toBe('waiting');
  });

  it('without any set, the team is always open', async () => {
    expect(await settle({ businessHours: null })).toBe(200);
    const visitor = await product.visit();
    expect((await visitor.call('GET', '/v1/me')).body.opening).toMatchObject({
      isOpen: true,
      changesAt: null,
    });
    expect(await settle({ businessHours: { timeZone: 'Nowhere', weekly: {} } })).toBe(422);
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Employed, startTestProduct, type TestProduct } from '../support/product.ts';

let product: TestProduct;
let admin: Employed;
beforeAll(async () => {
  product = await startTestProduct();
  admin = await product.employ({ role: 'admin', name: 'Ada Lovelace' });
  const entry = (at: string, actor: string, action: string, target: string, detail: object = {}) =>
    product.database.sql`
      INSERT INTO audit_entries (app_id, actor, action, target, detail, at)
      VALUES (${target === 'app 2' ? 2 : 1}, ${actor}, ${action}, ${target}, ${JSON.stringify(detail)}::jsonb, ${at})`;
  await product.database.sql`DELETE FROM audit_entries`;
  await entry('2026-01-01T10:00:00Z', `admin ${admin.id}`, 'channel.put', 'app 1', { channel: 'page' });
  await entry('2026-01-02T10:00:00Z', 'delivery', 'channel.down', 'page', { reason: '100% gone' });
  await entry('2026-01-03T10:00:00Z', 'admin 999999', 'rules.put', 'app 2', { rules: ['Billing'] });
  await entry('2026-01-04T10:00:00Z', 'delivery', 'channels_x', 'page');
});
afterAll(() => product.stop());

const look = async (query: Record<string, string> = {}) =>
  (await admin.call('GET', `/v1/admin/audit?${new URLSearchParams(query)}`)).body;
const found = async (query: Record<string, string>) =>
  (await look(query)).items.map(({ action }: { action: string }) => action);

describe('the audit log', () => {
  it('includes the names of agents, and other actors without a name', async () => {
    const { items } = await look();
    expect(items.map(({ actor, actorName }: Record<string, unknown>) => [actor, actorName])).toEqual([
      ['delivery', null],
      ['admin 999999', null],
      ['delivery', null],
      [`admin ${admin.id}`, 'Ada Lovelace'],
    ]);
  });

  it.each([
    ['the actor', { actor: 'deliv' }, ['channels_x', 'channel.down']],
    ["the actor's name", { actor: 'lovelace' }, ['channel.put']],
    ['the action', { action: 'rules.put' }, ['rules.put']],
    ['a group of actions', { action: 'channel' }, ['channel.down', 'channel.put']],
    ['the target', { target: 'APP' }, ['rules.put', 'channel.put']],
    ['the app', { appId: '2' }, ['rules.put']],
    ['the time', { since: '2026-01-02T10:00:00Z', until: '2026-01-03T10:00:00Z' }, ['channel.down']],
    ['any word of an entry', { search: 'billing' }, ['rules.put']],
    ['a character with a special meaning to the database', { search: '0%' }, ['channel.down']],
    ['all of these', { actor: 'delivery', action: 'channel', search: 'gone' }, ['channel.down']],
    ['something that matches nothing', { search: 'nothing like it' }, []],
  ])('is searched by %s', async (_what, query, expected) => {
    expect(await found(query as Record<string, string>)).toEqual(expected);
  });

  it('is paginated with the same filter on each page', async () => {
    const first = await look({ actor: 'delivery', limit: '1' });
    expect(first.items).toMatchObject([{ action: 'channels_x' }]);
    const second = await look({ actor: 'delivery', limit: '1', cursor: first.next });
    expect(second).toMatchObject({ items: [{ action: 'channel.down' }], next: null });
  });

  it('lists its actions', async () => {
    const { body } = await admin.call('GET', '/v1/admin/audit/actions');
    expect(body.items).toEqual(['channel.down', 'channel.put', 'channels_x', 'rules.put']);
  });

  it.each([{ since: 'yesterday' }, { actor: '' }, { appId: '0' }, { until: '2026-13-01T00:00:00Z' }])(
    'rejects %o',
    async (query) => {
      const answer = await admin.call('GET', `/v1/admin/audit?${new URLSearchParams(query as never)}`);
      expect(answer.status).toBe(422);
    },
  );

  it('is searched 20,000 entries at a time, from the end of a period on', async () => {
    await product.database.sql`
      INSERT INTO audit_entries (app_id, actor, action, target, detail, at)
      SELECT 1, 'delivery', 'many.entries', 'page', '{}', '2026-02-01T00:00:00Z'::timestamptz + number * interval '1 second'
      FROM generate_series(1, 45000) AS number`;
    try {
      const pages = [];
      for (let cursor: string | null = ''; cursor !== null; cursor = pages.at(-1)?.next) {
        pages.push(await look({ search: 'billing', ...(cursor ? { cursor } : {}) }));
      }
      expect(pages.map(({ items }) => items.length)).toEqual([0, 0, 1]);
      expect(pages.map(({ searchedTo }) => searchedTo)).toEqual([
        '2026-02-01T06:56:41.000Z',
        '2026-02-01T01:23:21.000Z',
        null,
      ]);
      const period = { until: '2026-01-31T00:00:00Z', since: '2026-01-01T00:00:00Z' };
      expect(await look({ search: 'billing', ...period })).toMatchObject({
        items: [{ action: 'rules.put' }],
        next: null,
      });
      const later = { since: '2026-02-01T12:00:00Z' };
      expect(await look({ search: 'billing', ...later })).toEqual({
        items: [],
        next: null,
        searchedTo: null,
      });
    } finally {
      await product.database.sql`DELETE FROM audit_entries WHERE action = 'many.entries'`;
    }
  });

  it('is for administrators only', async () => {
    const supervisor = await product.employ({ role: 'supervisor' });
    expect((await supervisor.call('GET', '/v1/admin/audit')).status).toBe(403);
    expect((await supervisor.call('GET', '/v1/admin/audit/actions')).status).toBe(403);
  });
});

describe('agents', () => {
  it('are found by part of their name, email address or skill, and by role', async () => {
    await product.employ({ name: 'Kim 100%', skills: ['billing'] });
    await product.employ({ name: 'Noor', role: 'supervisor', skills: ['bengali'] });
    const names = async (query: Record<string, string>) =>
      (await admin.call('GET', `/v1/admin/agents?${new URLSearchParams(query)}`)).body.items.map(
        ({ name }: { name: string }) => name,
      );
    expect(await names({ search: 'kim' })).toEqual(['Kim 100%']);
    expect(await names({ search: '0%' })).toEqual(['Kim 100%']);
    expect(await names({ search: 'BENG' })).toEqual(['Noor']);
    expect(await names({ search: '@example.com', role: 'admin' })).toEqual(['Ada Lovelace']);
    expect(await names({ role: 'supervisor', search: 'bill' })).toEqual([]);
  });
});

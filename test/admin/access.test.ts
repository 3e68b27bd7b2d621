import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Employed, startTestProduct, type TestProduct } from '../support/product.ts';

let product: TestProduct;
let admin: Employed;
beforeAll(async () => {
  product = await startTestProduct();
  admin = await product.employ({ role: 'admin' });
});
afterAll(() => product.stop());

const newcomer = () => ({
  name: 'Eve',
  email: `${randomUUID()}@example.com`,
  password: 'a long passphrase',
  role: 'admin',
});

describe('administration', () => {
  const rules = { rules: [] };
  const facts = {
    app: { id: 1, name: 'A' },
    channel: { name: 'web', kind: 'web' },
    message: { kind: 'text', text: '', payload: '' },
    session: { agentType: 'bot', path: 'bot' },
    customer: { verified: false, locale: '', attributes: {} },
  };
  const unknownKey = { filter: { key: 'unknown' } };
  const replayed = { listeners: ['LogMessageEvent'], ...unknownKey };
  /** Every route with a request that would have an effect, and whether supervisors have access. */
  const routes: Record<string, { path?: string; body?: () => object; supervisor?: true; answer?: number }> = {
    'GET /v1/admin/apps': {},
    'POST /v1/admin/apps': { body: () => ({ name: 'Made' }) },
    'GET /v1/admin/apps/{id}': {},
    'PATCH /v1/admin/apps/{id}': { body: () => ({ name: 'Changed' }) },
    'POST /v1/admin/apps/{id}/rotate-secret': {},
    'GET /v1/admin/apps/{id}/channels': {},
    'PUT /v1/admin/apps/{id}/channels/{name}': { body: () => ({ kind: 'api' }) },
    'GET /v1/admin/apps/{id}/channels/{name}': {},
    'PATCH /v1/admin/apps/{id}/channels/{name}': { body: () => ({ settings: {} }) },
    // A channel without credentials can neither test them nor register a webhook.
    'POST /v1/admin/apps/{id}/channels/{name}/test': { body: () => ({ kind: 'api' }), answer: 409 },
    'POST /v1/admin/apps/{id}/channels/{name}/connect': { answer: 409 },
    'GET /v1/admin/channel-kinds': {},
    'GET /v1/admin/app-settings': {},
    'PUT /v1/admin/apps/{id}/settings': { body: () => ({}) },
    'GET /v1/admin/queues': { supervisor: true },
    'GET /v1/admin/audit/actions': {},
    'GET /v1/admin/apps/{id}/rules': {},
    'PUT /v1/admin/apps/{id}/rules': { body: () => rules },
    'POST /v1/admin/rules/test': {
      body: () => ({ rules: [{ name: 'a', when: 'true', action: 'bot' }], facts }),
    },
    'GET /v1/admin/apps/{id}/bot': {},
    'PUT /v1/admin/apps/{id}/bot': { body: () => ({ kind: 'none' }) },
    'POST /v1/admin/bot/test': { body: () => ({ flow: 'intents: []', text: 'hello' }) },
    'GET /v1/admin/agents': {},
    'POST /v1/admin/agents': { body: () => newcomer() },
    'PATCH /v1/admin/agents/{id}': { path: '/v1/admin/agents/1', body: () => ({ name: 'Changed' }) },
    'GET /v1/admin/events': { supervisor: true },
    'GET /v1/admin/events/{id}': {
      path: `/v1/admin/events/${randomUUID()}`,
      supervisor: true,
      answer: 404,
    },
    'GET /v1/admin/event-archive': { supervisor: true },
    'POST /v1/admin/event-archive/{id}/load': { path: '/v1/admin/event-archive/999999/load', answer: 404 },
    // It is rejected without a search term.
    'GET /v1/admin/messages': { supervisor: true, answer: 422 },
    'GET /v1/admin/messages/{id}/diagnosis': {
      path: '/v1/admin/messages/999999999/diagnosis',
      supervisor: true,
      answer: 404,
    },
    'GET /v1/admin/emails': {},
    'GET /v1/admin/emails/{id}': { path: '/v1/admin/emails/999999', answer: 404 },
    'GET /v1/admin/emails/{id}/raw': { path: '/v1/admin/emails/999999/raw', answer: 404 },
    'POST /v1/admin/emails/{id}/replay': { path: '/v1/admin/emails/999999/replay', answer: 404 },
    'GET /v1/admin/deliveries': { supervisor: true },
    'GET /v1/admin/channels': { supervisor: true },
    'POST /v1/admin/channels/{appId}/{name}/probe': { path: '/v1/admin/channels/1/web/probe' },
    'GET /v1/admin/webhook-events': {},
    'GET /v1/admin/webhook-events/{id}': { path: '/v1/admin/webhook-events/999999', answer: 404 },
    'POST /v1/admin/webhook-events/{id}/replay': {
      path: '/v1/admin/webhook-events/999999/replay',
      answer: 404,
    },
    'GET /v1/admin/overview': { supervisor: true },
    'GET /v1/admin/health': { supervisor: true },
    'GET /v1/admin/charts': { supervisor: true },
    'GET /v1/admin/subscriptions': { supervisor: true },
    'POST /v1/admin/subscriptions/{name}/resume': {},
    'GET /v1/admin/dead-letters': { supervisor: true },
    'POST /v1/admin/dead-letters/retry': { body: () => unknownKey },
    'POST /v1/admin/dead-letters/discard': { body: () => unknownKey },
    'GET /v1/admin/replays': {},
    'GET /v1/admin/replays/{id}/entries': { path: '/v1/admin/replays/999999/entries', answer: 404 },
    'POST /v1/admin/replays/preview': { body: () => replayed },
    'POST /v1/admin/replays': { body: () => replayed },
    'GET /v1/admin/replays/{id}': { path: '/v1/admin/replays/999999', answer: 404 },
    'POST /v1/admin/replays/{id}/cancel': { path: '/v1/admin/replays/999999/cancel', answer: 404 },
    'GET /v1/admin/audit': {},
    'GET /v1/admin/gateway': { supervisor: true },
    'GET /v1/admin/gateway/topics': { supervisor: true },
    'GET /v1/admin/gateway/connections': { supervisor: true },
    // It is rejected without a channel; with one it would stay open for minutes.
    'GET /v1/admin/gateway/tap': { answer: 422 },
  };

  it('is rejected for every unauthorized caller, route by route, and changes nothing', async () => {
    const { id, key, secret } = (await admin.call('POST', '/v1/admin/apps', { name: 'Target' })).body;
    const { paths } = (await product.call('GET', '/docs/json')).body;
    const documented = Object.entries<object>(paths)
      .filter(([path]) => path.startsWith('/v1/admin/'))
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
    expect(documented.sort()).toEqual(Object.keys(routes).sort());

    const bearer = ({ token }: Employed) => `Bearer ${token}`;
    const askers = {
      anonymous: undefined,
      customer: bearer(await product.visit()),
      service: `Basic ${Buffer.from(`${key}:${secret}`).toString('base64')}`,
      agent: bearer(await product.employ({ appIds: [1, id] })),
      supervisor: bearer(await product.employ({ role: 'supervisor', appIds: [1, id] })),
      admin: bearer(admin),
    };
    const tables = [
      'apps',
      'channels',
      'routing_rules',
      'bots',
      'agents',
      'agent_apps',
      'subscriptions',
      'replays',
    ];
    const state = async () =>
      Promise.all(tables.map((table) => product.database.sql.unsafe(`SELECT * FROM ${table} ORDER BY 1, 2`)));
    const ask = (route: string, authorization: string | undefined) => {
      const [method = '', template = ''] = route.split(' ');
      const { path, body } = routes[route] ?? {};
      const address = path ?? template.replace('{id}', String(id)).replace('{name}', 'AssignQueueItem');
      const headers = authorization === undefined ? {} : { authorization };
      return product.call(method, address, { headers, ...(body ? { body: body() } : {}) });
    };

    const before = await state();
    for (const [asker, authorization] of Object.entries(askers)) {
      const may = (route: string) =>
        asker === 'admin' || (asker === 'supervisor' && routes[route]?.supervisor === true);
      for (const route of Object.keys(routes).filter((one) => !may(one))) {
        const { status, headers, body } = await ask(route, authorization);
        const expected = asker === 'anonymous' ? [401, 'unauthenticated'] : [403, 'forbidden'];
        expect([asker, route, status, body.code]).toEqual([asker, route, ...expected]);
        expect(headers.get('content-type')).toContain('application/problem+json');
      }
    }
    expect(await state()).toEqual(before);

    for (const route of Object.keys(routes)) {
      const { status } = await ask(route, askers.admin);
      const { answer } = routes[route] ?? {};
      expect([route, answer ? status === answer : status >= 200 && status < 300]).toEqual([route, true]);
      if (!routes[route]?.supervisor) continue;
      expect([route, (await ask(route, askers.supervisor)).status]).toEqual([route, status]);
    }
  });

  it('is rejected for HEAD requests in the same way', async () => {
    const look = async (headers: Record<string, string>) =>
      (await fetch(`${product.url}/v1/admin/audit`, { method: 'HEAD', headers })).status;
    const { token } = await product.visit();
    expect([await look({}), await look({ authorization: `Bearer ${token}` })]).toEqual([401, 403]);
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSetupToken } from '../../packages/server/src/auth/setup-token.ts';
import { type Employed, startTestProduct, type TestProduct } from '../support/product.ts';

let product: TestProduct;
let admin: Employed;
beforeAll(async () => {
  product = await startTestProduct();
});
afterAll(() => product.stop());

const setUp = (body: object) => product.call('POST', '/v1/setup', { body });
const ada = { name: 'Ada', email: 'ada@example.com', password: 'a long passphrase' };

describe('the first administrator', () => {
  it('can be created with every printed setup link', async () => {
    const tokens = [
      await createSetupToken(product.database.sql),
      await createSetupToken(product.database.sql),
    ];
    for (const token of tokens) expect((await product.call('GET', `/setup?token=${token}`)).status).toBe(200);
    expect((await product.call('GET', '/setup?token=guess')).status).toBe(410);
  });

  it('is created with the one-time token only', async () => {
    const token = new URL(product.setupUrl as string).searchParams.get('token');
    const another = await createSetupToken(product.database.sql);
    expect((await setUp({ ...ada, token: 'a guess' })).status).toBe(403);
    expect((await setUp({ ...ada, token, password: 'short' })).body).toMatchObject({
      status: 422,
      errors: [{ path: 'password' }],
    });
    const made = await setUp({ ...ada, token });
    expect(made).toMatchObject({ status: 201, body: { name: 'Ada', role: 'admin' } });
    for (const used of [token, another]) {
      expect((await setUp({ ...ada, email: 'eve@example.com', token: used })).status).toBe(409);
    }
    expect(await product.database.sql`SELECT name FROM agents`).toEqual([{ name: 'Ada' }]);
    const login = await product.call('POST', '/v1/agents/login', {
      body: { email: ada.email, password: ada.password },
    });
    admin = {
      id: made.body.id,
      token: login.body.accessToken,
      call: (method, path, body) => product.call(method, path, { token: login.body.accessToken, body }),
    };
  });
});

describe('administration', () => {
  it('is for administrators; supervisors can read events and listeners', async () => {
    const [agent, supervisor] = [await product.employ(), await product.employ({ role: 'supervisor' })];
    const customer = await product.visit();
    const routes = Object.entries((await product.call('GET', '/docs/json')).body.paths).flatMap(
      ([path, methods]) =>
        Object.keys(methods as object).map((method) => [method.toUpperCase(), path] as const),
    );
    const administration = routes.filter(([, path]) => path.startsWith('/v1/admin/'));
    expect(administration.length).toBeGreaterThan(20);
    const seen =
      /admin\/event(s|-archive)|overview$|subscriptions$|dead-letters$|deliveries$|admin\/channels$|gateway(?!\/tap)|admin\/(messages|health|charts|queues)/;
    for (const [method, template] of administration) {
      const path = template.replace('{id}', '1').replace('{name}', 'x');
      const status = async (token?: string, headers?: Record<string, string>) =>
        (await product.call(method, path, { ...(token ? { token } : {}), ...(headers ? { headers } : {}) }))
          .status;
      const basic = Buffer.from(`${product.app.key}:${product.app.secret}`).toString('base64');
      expect([method, path, await status()]).toEqual([method, path, 401]);
      for (const token of [agent.token, customer.token]) {
        expect([method, path, await status(token)]).toEqual([method, path, 403]);
      }
      expect([method, path, await status(undefined, { authorization: `Basic ${basic}` })]).toEqual([
        method,
        path,
        403,
      ]);
      const looks = method === 'GET' && seen.test(template);
      expect([method, path, (await status(supervisor.token)) === 403]).toEqual([method, path, !looks]);
    }
  });
});

describe('agents', () => {
  const bob = { name: 'Bob', email: 'bob@example.com', password: 'another passphrase', role: 'agent' };

  it('are added, changed and disabled, and lose their access when disabled', async () => {
    const made = await admin.call('POST', '/v1/admin/agents', { ...bob, skills: ['billing'], appIds: [1] });
    expect(made).toMatchObject({ status: 201, body: { role: 'agent', skills: ['billing'], capacity: 5 } });
    expect(JSON.stringify(made.body)).not.toMatch(/password|argon/i);
    expect((await admin.call('POST', '/v1/admin/agents', bob)).status).toBe(409);
    const login = () =>
      product.call('POST', '/v1/agents/login', { body: { email: bob.email, password: bob.password } });
    const { accessToken: token } = (await login()).body;
    const queue = async () => (await product.call('GET', '/v1/queue-items', { token })).status;
    expect(await queue()).toBe(200);
    const change = (body: object) => admin.call('PATCH', `/v1/admin/agents/${made.body.id}`, body);
    expect((await change({ capacity: 2 })).body).toMatchObject({ capacity: 2, role: 'agent' });
    expect((await change({ capacity: 0 })).status).toBe(422);
    await change({ disabled: true });
    expect(await queue()).toBe(401);
    expect((await login()).status).toBe(401);
  });

  it('always include an administrator', async () => {
    for (const change of [{ disabled: true }, { role: 'agent' }]) {
      const answer = await admin.call('PATCH', `/v1/admin/agents/${admin.id}`, change);
      expect(answer).toMatchObject({ status: 409 });
    }
    expect((await admin.call('GET', '/v1/admin/agents')).status).toBe(200);
  });
});

describe('apps', () => {
  it('show their secret when they are created and when it is rotated, and never again', async () => {
    const made = await admin.call('POST', '/v1/admin/apps', { name: 'Shop' });
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'Shop', secret: expect.stringMatching(/.{20}/) },
    });
    const { id, key, secret } = made.body;
    const rotated = (await admin.call('POST', `/v1/admin/apps/${id}/rotate-secret`)).body.secret;
    expect(rotated).not.toBe(secret);
    for (const path of ['/v1/admin/apps', `/v1/admin/apps/${id}`, '/v1/admin/audit']) {
      const { body } = await admin.call('GET', path);
      expect(JSON.stringify(body)).not.toContain(secret);
      expect(JSON.stringify(body)).not.toContain(rotated);
    }
    const asBackEnd = (password: string) =>
      product.call('POST', '/v1/external-messages', {
        headers: { authorization: `Basic ${Buffer.from(`${key}:${password}`).toString('base64')}` },
        body: {},
      });
    expect((await asBackEnd(secret)).status).toBe(401);
    expect((await asBackEnd(rotated)).status).toBe(422);
  });

  it('that are disabled reject visitors', async () => {
    const { id, key } = (await admin.call('POST', '/v1/admin/apps', { name: 'Closed' })).body;
    const visit = () => product.call('POST', '/v1/visitors', { body: { appKey: key } });
    expect((await visit()).status).toBe(201);
    await admin.call('PATCH', `/v1/admin/apps/${id}`, { enabled: false });
    expect((await visit()).status).toBeGreaterThanOrEqual(400);
  });

  it('keep their settings when a change is invalid, and merge a valid one', async () => {
    const before = (await admin.call('GET', '/v1/admin/apps/1')).body;
    const wrong = await admin.call('PATCH', '/v1/admin/apps/1', { settings: { sessionIdleMinutes: -5 } });
    expect(wrong.status).toBe(422);
    expect((await admin.call('GET', '/v1/admin/apps/1')).body).toEqual(before);
    const changed = await admin.call('PATCH', '/v1/admin/apps/1', { settings: { sessionIdleMinutes: 45 } });
    expect(changed.body.settings).toMatchObject({ ...before.settings, sessionIdleMinutes: 45 });
  });
});

describe('routing rules', () => {
  const rule = {
    name: 'Billing',
    when: 'message.text.contains("invoice")',
    action: 'queue',
    queue: 'billing',
  };

  it('are rejected with the position of the error, and nothing changes', async () => {
    const before = (await admin.call('GET', '/v1/admin/apps/1/rules')).body;
    expect(before.rules.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining([expect.stringMatching('bioscope')]),
    );
    const answer = await admin.call('PUT', '/v1/admin/apps/1/rules', {
      rules: [rule, { ...rule, name: 'Broken', when: 'message.text.contains(' }],
    });
    expect(answer).toMatchObject({
      status: 422,
      body: { errors: [{ path: expect.stringMatching(/rules\.1/) }] },
    });
    expect((await admin.call('GET', '/v1/admin/apps/1/rules')).body).toEqual(before);
  });

  it('can be tested on facts before they are used', async () => {
    const facts = {
      app: { id: 1, name: 'Test' },
      channel: { name: 'web', kind: 'web' },
      message: { kind: 'text', text: 'about my invoice', payload: '' },
      session: { agentType: 'bot', path: 'bot' },
      customer: { verified: false, locale: '', attributes: {} },
    };
    const tried = await admin.call('POST', '/v1/admin/rules/test', { rules: [rule], facts });
    expect(tried).toMatchObject({
      status: 200,
      body: { action: 'queue', queue: 'billing', rule: 'Billing' },
    });
  });
});

describe('a bot', () => {
  const flow = 'intents:\n  - { name: ping, keywords: [ping], replies: [pong] }\n';

  it('is rejected with every error in its flow, and the old one keeps replying', async () => {
    const before = (await admin.call('GET', '/v1/admin/apps/1/bot')).body;
    const answer = await admin.call('PUT', '/v1/admin/apps/1/bot', {
      kind: 'builtin',
      flow: 'intents:\n  - { name: a, keywords: [a], goto: menu.none }\n  - { name: b, patterns: ["("] }\n',
    });
    expect(answer.status).toBe(422);
    const paths = answer.body.errors.map(({ path }: { path: string }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([expect.stringMatching(/intents\.0/), expect.stringMatching(/intents\.1/)]),
    );
    expect((await admin.call('GET', '/v1/admin/apps/1/bot')).body).toEqual(before);
  });

  it('can be tested, and then replies', async () => {
    const tried = await admin.call('POST', '/v1/admin/bot/test', { flow, text: 'ping' });
    expect(tried.body).toMatchObject({ replies: [{ text: 'pong' }], handover: null });
    expect((await admin.call('PUT', '/v1/admin/apps/1/bot', { kind: 'builtin', flow })).status).toBe(200);
    const visitor = await product.visit();
    await visitor.write('ping');
    await expect.poll(visitor.history).toContainEqual({ text: 'pong', from: 'bot', kind: 'text' });
  });
});

describe('the audit log', () => {
  it('records actor, action and target, without secrets', async () => {
    const { items } = (await admin.call('GET', '/v1/admin/audit?limit=100')).body;
    const actions = items.map(({ action }: { action: string }) => action);
    expect(new Set(actions)).toEqual(
      new Set([
        'agent.create',
        'agent.change',
        'agent.login',
        'app.create',
        'app.change',
        'app.rotate-secret',
        'bot.put',
        'request.reject',
      ]),
    );
    const changes = items.filter(({ action }: { action: string }) => action !== 'request.reject');
    for (const { actor } of changes) expect(actor).toMatch(/^(admin|supervisor|agent) \d+$|^set-up$/);
    expect(JSON.stringify(items)).not.toMatch(/passphrase|argon2|secret":/);
  });
});

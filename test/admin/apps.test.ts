import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Employed, startTestProduct, type TestProduct, type Visitor } from '../support/product.ts';

let product: TestProduct;
let admin: Employed;
beforeAll(async () => {
  product = await startTestProduct();
  admin = await product.employ({ role: 'admin' });
});
afterAll(() => product.stop());

const get = async (path: string) => (await admin.call('GET', `/v1/admin/apps${path}`)).body;
const put = (path: string, body: object) => admin.call('PUT', `/v1/admin/apps${path}`, body);
const patch = (id: number, body: object) => admin.call('PATCH', `/v1/admin/apps/${id}`, body);
const pathsOf = (answer: { body: { errors?: { path: string }[] } }) =>
  answer.body.errors?.map(({ path }) => path);

interface App {
  readonly id: number;
  readonly key: string;
  readonly secret: string;
}
const make = (body: object = {}) => admin.call('POST', '/v1/admin/apps', { name: 'Shop', ...body });
const makeApp = async (): Promise<App> => (await make()).body;
const visit = (app: App) => product.visit({ appKey: app.key });
const texts = async (visitor: Visitor) =>
  (await visitor.history()).filter(({ from }) => from === 'bot').map(({ text }) => text);
/** The complete state of an app, to check that nothing has changed. */
const everything = ({ id }: App) =>
  Promise.all(['', '/channels', '/rules', '/bot'].map((path) => get(`/${id}${path}`)));
/** The conversations of an app: their state, and how much was written and handled in them. */
const conversations = ({ id }: App) => product.database.sql`
  SELECT sessions.*, (SELECT count(*) FROM messages WHERE app_id = ${id}) AS messages,
         (SELECT count(*) FROM events WHERE app_id = ${id}) AS events
  FROM sessions WHERE app_id = ${id}`;
/** An app and a visitor who has received the greeting. */
async function greeted() {
  const app = await makeApp();
  const visitor = await visit(app);
  await expect.poll(() => texts(visitor)).toHaveLength(1);
  return { app, visitor };
}

describe('an app', () => {
  it('works immediately: it has a web channel, rules and a bot', async () => {
    const app = await makeApp();
    const [row, channels, { rules }, bot] = await everything(app);
    expect(row).toMatchObject({ id: app.id, key: app.key, name: 'Shop', enabled: true });
    expect(channels.items).toEqual([{ name: 'web', kind: 'web', enabled: true, settings: [] }]);
    expect(rules.length).toBeGreaterThan(0);
    expect(bot).toMatchObject({ kind: 'builtin', flow: expect.stringContaining('greeting') });
    const visitor = await visit(app);
    await expect.poll(() => texts(visitor)).toEqual(['Hello! How can I help you?']);
  });

  it('has a unique id and key, even if two are created at the same time', async () => {
    const key = 'taken-key';
    const answers = await Promise.all([make({ key }), make({ key })]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect((await make({ id: 1 })).body).toMatchObject({ status: 409, code: 'conflict' });
    expect((await make({ id: 5000 })).body).toMatchObject({ id: 5000 });
    expect((await make()).body).toMatchObject({ id: 5001 });
  });

  it.each([
    ['a key with spaces', { key: 'a key' }, ['key']],
    ['an unknown setting', { settings: { colour: 'red' } }, ['settings']],
    [
      'a survey that expires immediately',
      { settings: { csat: { expiryMinutes: 0 } } },
      ['settings.csat.expiryMinutes'],
    ],
    ['its own secret', { secret: 'a secret of my own' }, ['secret']],
  ])('is not created with %s', async (_what, wrong, paths) => {
    const answer = await make(wrong);
    expect([answer.status, pathsOf(answer)]).toEqual([422, paths]);
  });

  it('keeps all settings that are changed at the same time', async () => {
    const { id } = await makeApp();
    const changes = [
      { welcome: false },
      { sessionIdleMinutes: 7 },
      { defaultQueue: 'sales' },
      { caseIdleMinutes: 9 },
    ];
    const answers = await Promise.all(changes.map((settings) => patch(id, { settings })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await get(`/${id}`)).settings).toEqual(Object.assign({}, ...changes));
  });

  it('returns to the default of a removed setting, and of all that a replacement omits', async () => {
    const { id } = await makeApp();
    await patch(id, { settings: { welcome: false, defaultQueue: 'sales', csat: { enabled: false } } });
    await patch(id, { settings: { welcome: null } });
    expect((await get(`/${id}`)).settings).toEqual({ defaultQueue: 'sales', csat: { enabled: false } });
    const answer = await put(`/${id}/settings`, { csat: { question: 'Well?' } });
    expect([answer.status, answer.body.settings]).toEqual([200, { csat: { question: 'Well?' } }]);
    const wrong = await put(`/${id}/settings`, { csat: { expiryMinutes: 0 }, colour: 'red' });
    expect([wrong.status, pathsOf(wrong)?.sort()]).toEqual([
      422,
      ['settings', 'settings.csat.expiryMinutes'],
    ]);
    expect((await get(`/${id}`)).settings).toEqual({ csat: { question: 'Well?' } });
    const trail = await product.database.sql`
      SELECT detail FROM audit_entries WHERE app_id = ${id} AND action = 'app.settings'`;
    expect(trail).toEqual([{ detail: { changed: expect.arrayContaining(['defaultQueue', 'csat']) } }]);
  });

  it('describes every setting for a form', async () => {
    const { groups } = (await admin.call('GET', '/v1/admin/app-settings')).body;
    const elsewhere = /^(sla|dispositions|businessHours)/;
    const fields = groups.flatMap(({ fields }: { fields: { path: string; title: string; type: string }[] }) =>
      fields.filter(({ path }) => !elsewhere.test(path)),
    );
    expect(fields.length).toBeGreaterThan(25);
    for (const { path, title, type } of fields) {
      expect([path, title]).not.toEqual([path, path.split('.').at(-1)]);
      expect([path, type]).not.toEqual([path, 'secret']);
    }
  });

  it('that does not exist is not found by any route', async () => {
    const bodies = {
      settings: {},
      rules: { rules: [] },
      bot: { kind: 'none' },
      'channels/web': { kind: 'web' },
    };
    const answers = await Promise.all([
      ...['', '/channels', '/rules', '/bot'].map((path) => admin.call('GET', `/v1/admin/apps/999999${path}`)),
      ...Object.entries(bodies).map(([path, body]) => put(`/999999/${path}`, body)),
      patch(999_999, { name: 'X' }),
      admin.call('POST', '/v1/admin/apps/999999/rotate-secret'),
    ]);
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual(
      answers.map(() => [404, 'not_found']),
    );
  });

  it('that is disabled rejects new visitors, current visitors and its back end', async () => {
    const app = await makeApp();
    const visitor = await visit(app);
    const basic = Buffer.from(`${app.key}:${app.secret}`).toString('base64');
    const tries = () =>
      Promise.all([
        product.call('POST', '/v1/visitors', { body: { appKey: app.key } }),
        visitor.write('hello'),
        product.call('POST', '/v1/visitors/refresh', { body: { refreshToken: visitor.refreshToken } }),
        product.call('POST', '/v1/external-messages', {
          headers: { authorization: `Basic ${basic}` },
          body: {},
        }),
      ]).then((answers) => answers.map(({ status }) => status));
    await patch(app.id, { enabled: false });
    expect(await tries()).toEqual([404, 401, 404, 401]);
    await patch(app.id, { enabled: true });
    expect((await visitor.write('hello')).status).toBe(201);
  });
});

describe('a channel', () => {
  const facebook = { pageId: '42', appSecret: 'an app secret of Meta’s', verifyToken: 'a verify token' };

  it('is added, and its secrets are never shown again', async () => {
    const app = await makeApp();
    const answer = await put(`/${app.id}/channels/page`, { kind: 'facebook', settings: facebook });
    const page = { name: 'page', kind: 'facebook', enabled: true, settings: Object.keys(facebook) };
    expect(answer.body.items).toContainEqual({ ...page, settings: expect.arrayContaining(page.settings) });
    const { body: audit } = await admin.call('GET', '/v1/admin/audit');
    expect(JSON.stringify([answer.body, await everything(app), audit])).not.toMatch(
      /secret of Meta|verify token/,
    );
  });

  it.each([
    ['an unknown kind', 'new', { kind: 'pigeon' }, ['kind']],
    [
      'a setting that its kind does not have',
      'new',
      { kind: 'web', settings: { pageId: '42' } },
      ['settings'],
    ],
    [
      'a secret that is too short',
      'new',
      { kind: 'facebook', settings: { ...facebook, appSecret: 'x' } },
      ['settings.appSecret'],
    ],
    ['another kind than it had', 'web', { kind: 'facebook', settings: facebook }, ['kind']],
    ['an invalid name', 'a%20b', { kind: 'web' }, ['name']],
  ])('is rejected with %s', async (_what, name, body, paths) => {
    const app = await makeApp();
    const before = await everything(app);
    const answer = await put(`/${app.id}/channels/${name}`, body);
    expect([answer.status, pathsOf(answer)]).toEqual([422, paths]);
    expect(await everything(app)).toEqual(before);
  });

  it('that is disabled rejects visitors', async () => {
    const app = await makeApp();
    const come = async () =>
      (await product.call('POST', '/v1/visitors', { body: { appKey: app.key } })).status;
    expect(await come()).toBe(201);
    await put(`/${app.id}/channels/web`, { kind: 'web', enabled: false });
    expect(await come()).toBeGreaterThanOrEqual(400);
  });
});

describe('routing rules', () => {
  const rule = (name: string, when: string, action = 'bot') => ({ name, when, action });
  const billing = {
    ...rule('Billing', 'message.text.contains("invoice")', 'queue'),
    queue: 'billing',
    priority: 'high',
  };

  it('route the next message, in their order', async () => {
    const app = await makeApp();
    const rules = [billing, rule('Rest', 'true')];
    const answer = await put(`/${app.id}/rules`, { rules });
    expect(answer).toMatchObject({ status: 200, body: { rules } });
    expect(await get(`/${app.id}/rules`)).toEqual({ rules });
    const visitor = await visit(app);
    await visitor.write('where is my invoice?');
    const waiting = () => product.database.sql`
      SELECT queue, priority FROM queue_items WHERE session_id = ${visitor.sessionId} AND status = 'waiting'`;
    await expect.poll(waiting).toEqual([{ queue: 'billing', priority: 'high' }]);
  });

  it('are rejected with every invalid condition, and the old ones stay', async () => {
    const app = await makeApp();
    const before = await everything(app);
    const answer = await put(`/${app.id}/rules`, {
      rules: [
        rule('Whole', 'true'),
        rule('Open', 'message.text.contains('),
        rule('Unknown', 'weather.sunny'),
        rule('Number', '1 + 1'),
      ],
    });
    expect([answer.status, pathsOf(answer)]).toEqual([422, ['rules.1.when', 'rules.2.when', 'rules.3.when']]);
    expect(await everything(app)).toEqual(before);
  });

  it('that two administrators replace at the same time are those of one of them, never a mixture', async () => {
    const { id } = await makeApp();
    const sets = ['a', 'b', 'c'].map((who) => ({ rules: [1, 2, 3].map((n) => rule(`${who}${n}`, 'true')) }));
    const answers = await Promise.all(sets.map((set) => put(`/${id}/rules`, set)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(sets).toContainEqual(await get(`/${id}/rules`));
  });

  it('can be tested without effect, even on facts that one of them cannot evaluate', async () => {
    const { app } = await greeted();
    const before = await conversations(app);
    const facts = {
      app: { id: app.id, name: 'Shop' },
      channel: { name: 'web', kind: 'web' },
      message: { kind: 'text', text: 'an invoice', payload: '' },
      session: { agentType: 'bot', path: 'bot' },
      customer: { verified: false, locale: 'en', attributes: { plan: 'gold' } },
    };
    const attempt = (rules: object[]) => admin.call('POST', '/v1/admin/rules/test', { rules, facts });
    const gold = rule('Gold', 'customer.attributes.plan == "gold"', 'transfer');
    expect((await attempt([gold, billing])).body).toMatchObject({ rule: 'Gold', action: 'transfer' });
    expect((await attempt([billing, gold, rule('Never', 'false')])).body.verdicts).toEqual([
      { rule: 'Billing', outcome: 'true' },
      { rule: 'Gold', outcome: 'true' },
      { rule: 'Never', outcome: 'false' },
    ]);
    const failing = rule('Failing', 'customer.attributes.age > 3');
    expect((await attempt([failing, billing])).body).toMatchObject({ rule: 'Billing', failed: ['Failing'] });
    expect(await conversations(app)).toEqual(before);
  });
});

describe('a bot', () => {
  const flow =
    'greeting: [{ text: Ahoy }]\nintents:\n  - { name: ping, keywords: [ping], replies: [pong] }\n';

  it.each([
    ['invalid YAML', 'intents: [', ['flow']],
    ['two states of the same key', 'intents: []\nintents: []\n', ['flow']],
    [
      'a transition to an unknown state',
      'menus: { m: { text: Choose, choices: [{ title: A, goto: menu.n }] } }',
      ['flow.menus.m.choices.0.goto'],
    ],
    ['an unterminated pattern', 'intents: [{ name: a, patterns: ["("] }]', ['flow.intents.0.patterns.0']],
    ['an unknown keyword', 'colour: red', ['flow']],
  ])('is rejected with a flow that has %s, and the old one stays active', async (_what, wrong, paths) => {
    const app = await makeApp();
    const before = await everything(app);
    const answer = await put(`/${app.id}/bot`, { kind: 'builtin', flow: wrong });
    expect([answer.status, pathsOf(answer)]).toEqual([422, paths]);
    const tried = await admin.call('POST', '/v1/admin/bot/test', { flow: wrong, text: 'hello' });
    expect([tried.status, pathsOf(tried)]).toEqual([422, paths]);
    expect(await everything(app)).toEqual(before);
  });

  it('that is rejected names the line of the error', async () => {
    const wrong = 'greeting: []\nintents:\n  - name: a\n    keywords: [a]\n    goto: menu.nowhere\n';
    const { body } = await admin.call('POST', '/v1/admin/bot/test', { flow: wrong, text: 'hello' });
    expect(body.errors).toEqual([
      { path: 'flow.intents.0.goto', message: 'names a menu that does not exist: "nowhere" (line 5)' },
    ]);
  });

  it('can be tested turn by turn without effect', async () => {
    const { app } = await greeted();
    const before = await conversations(app);
    const form =
      'intents: [{ name: order, keywords: [order], goto: form.order }]\nforms:\n  order:\n    fields: [{ name: what, ask: What? }]\n    done: { replies: ["{{answers.what}} it is"] }\n';
    const turn = (text: string, state: unknown) =>
      admin.call('POST', '/v1/admin/bot/test', { flow: form, text, state });
    const first = (await turn('order', null)).body;
    expect(first).toMatchObject({
      replies: [{ text: 'What?' }],
      handover: null,
      interpretation: { as: 'intent', name: 'order' },
    });
    expect((await turn('tea', first.state)).body).toMatchObject({
      replies: [{ text: 'tea it is' }],
      interpretation: { as: 'answer' },
    });
    const sent = await admin.call('POST', '/v1/admin/bot/test', {
      flow: form,
      state: first.state,
      file: true,
    });
    expect(sent.body).toMatchObject({
      replies: [{ text: 'Thanks, we’ve received your file.' }, { text: 'What?' }],
      interpretation: { as: 'file' },
    });
    const greeting = await admin.call('POST', '/v1/admin/bot/test', { flow });
    expect(greeting.body).toMatchObject({ replies: [{ text: 'Ahoy' }], interpretation: null });
    expect(await conversations(app)).toEqual(before);
  });

  it('replies from the next message, even in an active conversation', async () => {
    const { app, visitor } = await greeted();
    await put(`/${app.id}/bot`, { kind: 'builtin', flow });
    await visitor.write('ping');
    await expect.poll(() => texts(visitor)).toContain('pong');
    const next = await visit(app);
    await expect.poll(() => texts(next)).toEqual(['Ahoy']);
  });

  it('of kind http gets a secret, which is shown once', async () => {
    const app = await makeApp();
    const bot = { kind: 'http', url: 'https://bot.example.com/turn', timeoutMs: 700 };
    const first = await put(`/${app.id}/bot`, bot);
    expect(first.body).toEqual({ ...bot, secret: expect.stringMatching(/^whsec_/) });
    expect((await put(`/${app.id}/bot`, bot)).body).toEqual(bot);
    const audit = (await admin.call('GET', '/v1/admin/audit')).body;
    expect(JSON.stringify([await everything(app), audit])).not.toContain(first.body.secret);
  });

  it.each([
    ['another scheme', { url: 'file:///etc/passwd' }, ['url']],
    ['no timeout', { url: 'https://bot.example.com', timeoutMs: 0 }, ['timeoutMs']],
  ])('with a URL is rejected with %s', async (_what, wrong, paths) => {
    const answer = await put('/1/bot', { kind: 'http', ...wrong });
    expect([answer.status, pathsOf(answer)]).toEqual([422, paths]);
  });
});

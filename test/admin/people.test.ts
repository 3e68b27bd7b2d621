import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Employed, startTestProduct, type TestProduct } from '../support/product.ts';
import { cleanUp, logIn, setUp, startServer, temporaryDatabase } from '../support/server.ts';

let product: TestProduct;
let admin: Employed;
beforeAll(async () => {
  product = await startTestProduct();
  admin = await product.employ({ role: 'admin' });
});
afterAll(() => product.stop());
afterEach(cleanUp);

const passphrase = 'another passphrase';
const newcomer = (changes: object = {}) => ({
  name: 'Bob',
  email: `${randomUUID()}@example.com`,
  password: passphrase,
  role: 'agent',
  ...changes,
});
const hire = (person: object) => admin.call('POST', '/v1/admin/agents', person);
const change = (id: number, changes: object) => admin.call('PATCH', `/v1/admin/agents/${id}`, changes);
const logInAs = (email: string, password = passphrase) =>
  product.call('POST', '/v1/agents/login', { body: { email, password } });
const person = async (id: number) => {
  const { items } = (await admin.call('GET', '/v1/admin/agents?limit=100')).body;
  return items.find((one: { id: number }) => one.id === id);
};

describe('the first administrator', () => {
  const ada = { name: 'Ada', email: 'ada@example.com', password: 'a long passphrase' };

  it('is created once, even if many use the setup link at the same time', async () => {
    const empty = await startTestProduct();
    const token = new URL(empty.setupUrl as string).searchParams.get('token');
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) =>
        empty.call('POST', '/v1/setup', { body: { ...ada, email: `${name}@example.com`, token } }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.code).toBe('setup_done');
    expect(await empty.database.sql`SELECT role FROM agents`).toEqual([{ role: 'admin' }]);
    expect(await empty.database.sql`SELECT FROM secrets WHERE name = 'setup-token'`).toEqual([]);
    expect((await empty.call('GET', `/setup?token=${token}`)).status).toBe(410);
    await empty.stop();
  });

  it('cannot be created by guessing: twenty attempts per minute are allowed', async () => {
    const empty = await startTestProduct();
    const guess = async () =>
      (await empty.call('POST', '/v1/setup', { body: { ...ada, token: randomUUID() } })).status;
    const statuses = [];
    for (let tries = 0; tries < 21; tries++) statuses.push(await guess());
    expect(statuses).toEqual([...Array(20).fill(403), 429]);
    expect(await empty.database.sql`SELECT FROM agents`).toEqual([]);
    await empty.stop();
  });

  it('is created with a link that is printed at start, and not in logs, responses or tables', async () => {
    const database = await temporaryDatabase();
    const env = { DATABASE_URL: database.url, LOG_LEVEL: 'debug' };
    const server = await startServer(env);
    const token = new URL(server.setupUrl as string).searchParams.get('token') as string;
    const answers = [
      await server.call('POST', '/v1/setup', { body: { ...ada, password: 'short', token } }),
      await server.call('POST', '/v1/setup', { body: { ...ada, token: `${token}x` } }),
      await server.call('GET', `/setup?token=${token}`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([422, 403, 200]);
    const access = await setUp(server);
    answers.push(await server.call('POST', '/v1/setup', { body: { ...ada, token } }));
    answers.push(await server.call('GET', '/v1/admin/audit?limit=100', { token: access }));
    expect(answers.map(({ body }) => JSON.stringify(body)).join()).not.toContain(token);
    expect(server.said().split(token)).toHaveLength(2);

    const again = await startServer(env);
    expect(again.setupUrl).toBeNull();
    expect(await logIn(again)).toMatch(/^ey/);
  });
});

describe('an agent', () => {
  it('is in the paginated list with their skills, and never with a password', async () => {
    const hired = await hire(newcomer({ skills: ['billing', 'tr'], capacity: 3, appIds: [1, 1] }));
    expect(hired).toMatchObject({
      status: 201,
      body: { name: 'Bob', role: 'agent', skills: ['billing', 'tr'], capacity: 3, appIds: [1] },
    });
    const all = (await admin.call('GET', '/v1/admin/agents?limit=100')).body;
    const ids: number[] = [];
    for (let cursor = ''; ; ) {
      const { items, next } = (await admin.call('GET', `/v1/admin/agents?limit=1${cursor}`)).body;
      ids.push(...items.map(({ id }: { id: number }) => id));
      if (next === null) break;
      cursor = `&cursor=${next}`;
    }
    expect(ids).toEqual(all.items.map(({ id }: { id: number }) => id));
    expect(JSON.stringify([hired.body, all])).not.toMatch(/password|argon2|passphrase/i);
  });

  it('has a unique email address in any case, even if two are added at once', async () => {
    const bob = newcomer();
    const answers = await Promise.all([hire(bob), hire({ ...bob, email: bob.email.toUpperCase() })]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({ code: 'conflict' });
  });

  it.each([
    ['a short password', { password: 'ninechars' }, 'password'],
    ['an invalid email address', { email: 'bob' }, 'email'],
    ['an unknown role', { role: 'owner' }, 'role'],
    ['no capacity', { capacity: 0 }, 'capacity'],
    ['a blank name', { name: '  ' }, 'name'],
    ['an unknown app', { appIds: [1, 999] }, 'appIds'],
    ['an unknown field', { isAdmin: true }, 'isAdmin'],
  ])('is not created with %s', async (_what, wrong, path) => {
    const bob = newcomer(wrong);
    const { status, body } = await hire(bob);
    expect([status, body.errors?.[0].path]).toEqual([422, path]);
    expect(await product.database.sql`SELECT FROM agents WHERE email = ${bob.email}`).toEqual([]);
  });

  it('keeps omitted fields, and all fields if part of a change is invalid', async () => {
    const { id } = (await hire(newcomer({ skills: ['billing'], capacity: 3, appIds: [1] }))).body;
    const before = await person(id);
    expect((await change(id, { capacity: 7 })).body).toEqual({ ...before, capacity: 7 });
    expect((await change(id, { name: 'Rob', appIds: [999] })).status).toBe(422);
    expect(await person(id)).toEqual({ ...before, capacity: 7 });
    expect((await change(id, { skills: [], appIds: [] })).body).toMatchObject({ skills: [], appIds: [] });
    expect(await change(2_000_000_000, { capacity: 7 })).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
  });

  it('keeps all changes made at the same time', async () => {
    const { id } = (await hire(newcomer())).body;
    const changes = [{ capacity: 9 }, { skills: ['tr'] }, { name: 'Rob' }, { appIds: [1] }];
    const answers = await Promise.all(changes.map((one) => change(id, one)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await person(id)).toMatchObject(Object.assign({}, ...changes));
  });

  it('sees the conversations of their apps immediately, and no longer after access is removed', async () => {
    const bob = newcomer({ appIds: [1] });
    const { id } = (await hire(bob)).body;
    const { accessToken: token } = (await logInAs(bob.email)).body;
    const { sessionId } = await product.visit();
    const look = async () => (await product.call('GET', `/v1/sessions/${sessionId}`, { token })).status;
    expect(await look()).toBe(200);
    await change(id, { appIds: [] });
    expect(await look()).toBe(403);
  });

  it('must log in again after a change of role or password', async () => {
    const bob = newcomer();
    const { id } = (await hire(bob)).body;
    const other = 'yet another passphrase';
    for (const [changes, password] of [
      [{ role: 'supervisor' }, passphrase],
      [{ password: other }, other],
    ] as const) {
      const { accessToken: token, refreshToken } = (await logInAs(bob.email)).body;
      expect((await product.call('GET', '/v1/queue-items', { token })).status).toBe(200);
      await change(id, changes);
      expect((await product.call('GET', '/v1/queue-items', { token })).status).toBe(401);
      const refreshed = await product.call('POST', '/v1/agents/refresh', { body: { refreshToken } });
      expect(refreshed.status).toBe(401);
      expect((await logInAs(bob.email, password)).status).toBe(200);
    }
    expect((await logInAs(bob.email)).status).toBe(401);
  });

  it('who is disabled can neither continue nor log in until enabled', async () => {
    const bob = newcomer();
    const { id } = (await hire(bob)).body;
    const { accessToken: token, refreshToken } = (await logInAs(bob.email)).body;
    const refresh = () => product.call('POST', '/v1/agents/refresh', { body: { refreshToken } });
    const online = { token, body: { availability: 'online' } };
    expect((await product.call('PUT', '/v1/agents/me/availability', online)).status).toBe(200);
    expect((await change(id, { disabled: true })).body).toMatchObject({
      disabled: true,
      availability: 'offline',
    });
    const refused = await Promise.all([
      product.call('GET', '/v1/queue-items', { token }),
      refresh(),
      logInAs(bob.email),
    ]);
    expect(refused.map(({ status }) => status)).toEqual([401, 401, 401]);
    expect((await change(id, { disabled: false })).body).toMatchObject({ disabled: false });
    expect((await logInAs(bob.email)).status).toBe(200);
    expect((await refresh()).status).toBe(401);
  });
});

describe('administrators', () => {
  it('cannot disable each other at the same time: one stays', async () => {
    const alone = await startTestProduct();
    const [one, two] = [await alone.employ({ role: 'admin' }), await alone.employ({ role: 'admin' })];
    const dismiss = (by: Employed, whom: Employed, changes: object) =>
      by.call('PATCH', `/v1/admin/agents/${whom.id}`, changes);
    const answers = await Promise.all([
      dismiss(one, two, { disabled: true }),
      dismiss(two, one, { role: 'agent' }),
    ]);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect([401, 409]).toContain(answers.find(({ status }) => status !== 200)?.status);
    const left = await alone.database.sql<{ id: number }[]>`
      SELECT id FROM agents WHERE role = 'admin' AND disabled_at IS NULL`;
    expect(left).toHaveLength(1);

    const last = [one, two].find(({ id }) => id === left[0]?.id) as Employed;
    for (const changes of [{ disabled: true }, { role: 'supervisor' }, { role: 'agent', name: 'X' }]) {
      expect(await dismiss(last, last, changes)).toMatchObject({ status: 409, body: { code: 'conflict' } });
    }
    expect((await last.call('GET', '/v1/admin/apps')).status).toBe(200);
    await alone.stop();
  });
});

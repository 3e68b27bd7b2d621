import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { revokeAgentTokens } from '../../packages/server/src/auth/refresh-tokens.ts';
import { readOrCreateSecret } from '../../packages/server/src/auth/secrets.ts';
import { readLogEpoch } from '../../packages/server/src/log/log-position.ts';
import {
  type Ask,
  basic,
  expectRejected,
  password,
  sign,
  startHttp,
  type TestHttp,
  tokenKey,
  type Visit,
} from '../support/http.ts';

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

let http: TestHttp;
beforeAll(async () => {
  http = await startHttp();
});
afterAll(() => http.stop());

const login = (email: string, given = password) =>
  http.post<Tokens & { code: string; detail: string }>('/v1/agents/login', { email, password: given });
const refreshAgent = (refreshToken: string) =>
  http.post<Tokens & { code: string }>('/v1/agents/refresh', { refreshToken });
const refreshVisit = (refreshToken: string) =>
  http.post<Visit & { code: string }>('/v1/visitors/refresh', { refreshToken });

describe('a visitor', () => {
  it('resumes the session with the refresh token of the last visit', async () => {
    const first = await http.visit();
    const { status, body } = await refreshVisit(first.refreshToken);
    expect({ status, body }).toMatchObject({ status: 200, body: { resumed: true, session: first.session } });
    expect((await http.get('/v1/me', body.accessToken)).body).toMatchObject({ customer: first.customer });
  });

  it('starts a new session if the old one has ended', async () => {
    const first = await http.visit();
    await http.database.sql`
      UPDATE sessions SET expires_at = now() - interval '1 second' WHERE id = ${first.session.id}`;
    const { body } = await refreshVisit(first.refreshToken);
    expect(body.resumed).toBe(false);
    expect(body.session.id).not.toBe(first.session.id);
    expect(body.customer).toEqual(first.customer);
  });

  it('may refresh in two tabs at the same moment', async () => {
    const { refreshToken } = await http.visit();
    const answers = await Promise.all([refreshVisit(refreshToken), refreshVisit(refreshToken)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  });

  it('whose refresh token is reused loses all tokens of its family', async () => {
    const { refreshToken } = await http.visit();
    const { body: next } = await refreshVisit(refreshToken);
    await http.database.sql`
      UPDATE refresh_tokens SET used_at = now() - interval '1 minute' WHERE used_at IS NOT NULL`;
    expect(await refreshVisit(refreshToken)).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated' },
    });
    expect(await refreshVisit(next.refreshToken)).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated' },
    });
  });

  it('whose refresh token has expired gets token_expired', async () => {
    const { refreshToken } = await http.visit();
    await http.database.sql`
      UPDATE refresh_tokens SET expires_at = now() - interval '1 second' WHERE id::text = ${refreshToken.slice(0, 36)}`;
    expect(await refreshVisit(refreshToken)).toMatchObject({ status: 401, body: { code: 'token_expired' } });
  });

  it('with a verified identity is the same customer in the same conversation on every device', async () => {
    const phone = await http.visit(http.acme, 'customer-7');
    const laptop = await http.visit(http.acme, 'customer-7');
    expect(phone.customer).toMatchObject({ externalId: 'customer-7', verified: true });
    expect(laptop).toMatchObject({ resumed: true, customer: phone.customer, session: phone.session });
    const elsewhere = await http.visit(http.rival, 'customer-7');
    expect(elsewhere.customer.id).not.toBe(phone.customer.id);
  });

  it('can have a signature in upper or lower case', async () => {
    const signature = sign('customer-8', http.acme.secret).toUpperCase();
    const identity = { externalId: 'customer-8', signature };
    const { status } = await http.post('/v1/visitors', { appKey: http.acme.key, identity });
    expect(status).toBe(201);
  });

  it('must be verified if the app requires it', async () => {
    const strict = await startHttp();
    await strict.database
      .sql`UPDATE apps SET settings = '{"requireIdentity": true}' WHERE id = ${strict.acme.id}`;
    strict.apps.forget();
    const { status, body } = await strict.post('/v1/visitors', { appKey: strict.acme.key });
    expect({ status, body }).toMatchObject({ status: 401, body: { code: 'invalid_signature' } });
    expect((await strict.visit(strict.acme, 'customer-9')).customer.verified).toBe(true);
    await strict.stop();
  });
});

describe('an agent', () => {
  it('logs in with an email address in any case', async () => {
    const { id } = await http.staff('erin');
    const { status, body } = await login('Erin@Desk.example');
    expect(status).toBe(200);
    expect(body).toMatchObject({ agent: { id, name: 'erin', role: 'agent', appIds: [http.acme.id] } });
  });

  it('gets the same error for a wrong password as for an unknown address', async () => {
    await http.staff('finn');
    const [wrong, unknown] = [await login('finn@desk.example', 'guess'), await login('unknown@desk.example')];
    expect(wrong.status).toBe(401);
    expect(unknown.status).toBe(401);
    expect({ ...unknown.body, instance: '' }).toEqual({ ...wrong.body, instance: '' });
    expect(wrong.body.code).toBe('invalid_credentials');
  });

  it('has a limited number of login attempts', async () => {
    await http.staff('gwen');
    const tries: number[] = [];
    for (let count = 0; count < 7; count++) tries.push((await login('gwen@desk.example', 'guess')).status);
    expect(tries.slice(0, 5)).toEqual(Array(5).fill(401));
    expect(tries.at(-1)).toBe(429);
    // Other users are not affected.
    expect((await login('unknown@desk.example')).status).toBe(401);
  });

  it('who is disabled cannot log in, and their tokens stop working', async () => {
    const hana = await http.staff('hana');
    await http.database.sql`UPDATE agents SET disabled_at = now() WHERE id = ${hana.id}`;
    http.authenticator.forget();
    expect(await login('hana@desk.example')).toMatchObject({
      status: 401,
      body: { code: 'invalid_credentials' },
    });
    expect((await http.get('/v1/agents/me', hana.accessToken)).status).toBe(401);
    expect((await refreshAgent(hana.refreshToken)).status).toBe(401);
  });

  it('can use each refresh token once', async () => {
    const ivan = await http.staff('ivan');
    const { status, body } = await refreshAgent(ivan.refreshToken);
    expect(status).toBe(200);
    expect((await http.get('/v1/agents/me', body.accessToken)).status).toBe(200);
    expect((await refreshAgent(ivan.refreshToken)).status).toBe(401);
    // The second caller may be a thief or the owner, so the whole login is revoked.
    expect((await refreshAgent(body.refreshToken)).status).toBe(401);
    http.authenticator.forget();
    expect((await http.get('/v1/agents/me', body.accessToken)).status).toBe(401);
  });

  it('logs out of one login and stays logged in with the other', async () => {
    const first = await http.staff('jane');
    const { body: second } = await login('jane@desk.example');
    expect((await http.post('/v1/agents/logout', undefined, first.accessToken)).status).toBe(204);
    expect((await http.get('/v1/agents/me', first.accessToken)).status).toBe(401);
    expect((await refreshAgent(first.refreshToken)).status).toBe(401);
    expect((await http.get('/v1/agents/me', second.accessToken)).status).toBe(200);
  });

  it('can be logged out of all logins at once', async () => {
    const kurt = await http.staff('kurt');
    await revokeAgentTokens(http.database.sql, kurt.id);
    http.authenticator.forget();
    expect((await http.get('/v1/agents/me', kurt.accessToken)).status).toBe(401);
  });

  it('whose role has changed must log in again', async () => {
    const lena = await http.staff('lena');
    await http.database.sql`UPDATE agents SET role = 'supervisor' WHERE id = ${lena.id}`;
    http.authenticator.forget();
    expect((await http.get('/v1/agents/me', lena.accessToken)).status).toBe(401);
  });

  it('who gets access to another app sees it without logging in again', async () => {
    const mona = await http.staff('mona');
    const inRival = () => http.get(`/v1/sessions?appId=${http.rival.id}`, mona.accessToken);
    expect((await inRival()).status).toBe(403);
    await http.database.sql`INSERT INTO agent_apps VALUES (${mona.id}, ${http.rival.id})`;
    http.authenticator.forget();
    expect((await inRival()).status).toBe(200);
  });
});

describe('a token', () => {
  let ann: Visit;
  let bob: Visit;
  let epoch: string;
  beforeAll(async () => {
    ann = await http.visit();
    bob = await http.visit();
    epoch = await readLogEpoch(http.database.sql);
  });
  const refuse = (method: string, path: string, ask: Ask, code: string) =>
    expectRejected(http, { method, path, ask }, { status: 401, code });
  const claims = () => ({
    kind: 'customer',
    appId: http.acme.id,
    customerId: ann.customer.id,
    contactIdentityId: 1,
    conversationKey: ann.session.conversationKey,
    epoch,
  });
  const seconds = Math.floor(Date.now() / 1000);
  const token = (key: Uint8Array, issuer = 'mevrik', expires = seconds + 60, audience = 'mevrik-api') =>
    new SignJWT(claims())
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt(seconds - 60)
      .setExpirationTime(expires)
      .sign(key);
  const me = (given: string | undefined, code: string) => refuse('GET', '/v1/me', { token: given }, code);

  it('that is valid is accepted', async () => {
    expect((await http.get('/v1/me', await token(tokenKey))).status).toBe(200);
  });
  it('is required', () => me(undefined, 'unauthenticated'));
  it('that is malformed is rejected', () => me('guess', 'unauthenticated'));
  it('that has expired is rejected with its own code', async () =>
    me(await token(tokenKey, 'mevrik', seconds - 30), 'token_expired'));
  it('signed with another key is rejected', async () =>
    me(await token(new TextEncoder().encode('another key of thirty-two bytes!')), 'unauthenticated'));
  it('of another issuer or for another audience is rejected', async () => {
    await me(await token(tokenKey, 'another-issuer'), 'unauthenticated');
    await me(await token(tokenKey, 'mevrik', seconds + 60, 'other-api'), 'unauthenticated');
  });
  it('without a signature is rejected', async () => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const payload = { ...claims(), iss: 'mevrik', aud: 'mevrik-api', iat: seconds, exp: seconds + 60 };
    for (const alg of ['none', 'None', 'HS256']) {
      await me(`${part({ alg, typ: 'JWT' })}.${part(payload)}.`, 'unauthenticated');
    }
  });
  it('with a changed customer is rejected', async () => {
    const [head, payload = '', signature] = ann.accessToken.split('.');
    const changed = {
      ...JSON.parse(Buffer.from(payload, 'base64url').toString()),
      customerId: bob.customer.id,
    };
    await me(
      `${head}.${Buffer.from(JSON.stringify(changed)).toString('base64url')}.${signature}`,
      'unauthenticated',
    );
  });
  it('of a revoked login is rejected', async () => {
    const { accessToken } = await http.staff('lou');
    expect((await http.post('/v1/agents/logout', undefined, accessToken)).status).toBe(204);
    await refuse('GET', '/v1/agents/me', { token: accessToken }, 'unauthenticated');
  });
  it('for Basic needs the key and secret of an app: wrong, unknown and incomplete ones are rejected', async () => {
    const body = {
      channel: 'sms',
      contactId: '+8801',
      externalId: 'one',
      kind: 'text',
      content: { text: 'hello' },
    };
    for (const [key, secret] of [
      [http.acme.key, http.rival.secret],
      ['unknown', http.acme.secret],
      ['nul\0', 'a'],
      [http.acme.key, ''],
    ] as const) {
      const headers = { authorization: basic(key, secret) };
      await refuse('POST', '/v1/external-messages', { body, headers }, 'unauthenticated');
    }
  });
});

describe('a secret of the installation', () => {
  it('is created once, even if several nodes read it at once', async () => {
    const asked = Array.from({ length: 8 }, () => readOrCreateSecret(http.database.sql, 'shared'));
    const secrets = (await Promise.all(asked)).map((secret) => secret.toString('hex'));
    expect(new Set(secrets).size).toBe(1);
    expect(secrets[0]).toHaveLength(64);
  });
});

describe('the database', () => {
  it('contains neither passwords nor tokens in plain text', async () => {
    const nora = await http.staff('nora');
    const rows = await http.database.sql`
      SELECT (SELECT string_agg(a::text, '') FROM agents a) || (SELECT string_agg(t::text, '') FROM refresh_tokens t) AS all`;
    expect(rows[0]?.all).not.toContain(password);
    expect(rows[0]?.all).not.toContain(nora.refreshToken.slice(37));
    expect(rows[0]?.all).toContain('$argon2id$');
  });
});

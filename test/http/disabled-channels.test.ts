import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Employed, startTestProduct, type TestProduct, type Visitor } from '../support/product.ts';

let product: TestProduct;
let admin: Employed;
let visitor: Visitor;
beforeAll(async () => {
  product = await startTestProduct();
  admin = await product.employ({ role: 'admin' });
  await put('api', { kind: 'api', settings: {} });
  visitor = await product.visit();
});
afterAll(() => product.stop());
beforeEach(async () => {
  await enable('web', false);
  await enable('api', false);
});

async function put(channel: string, body: object): Promise<void> {
  const answer = await admin.call('PUT', `/v1/admin/apps/1/channels/${channel}`, body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
}

async function enable(channel: string, enabled: boolean): Promise<void> {
  const answer = await admin.call('PATCH', `/v1/admin/apps/1/channels/${channel}`, { enabled });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
}

const isDisabled = (channel: string) => ({
  status: 422,
  body: {
    code: 'invalid_input',
    detail: `The channel ${channel} is disabled.`,
    errors: [{ path: 'channel', message: 'is disabled' }],
  },
});

const { key, secret } = { key: 'test-app', secret: 'test-app-secret' };
const authorization = `Basic ${Buffer.from(`${key}:${secret}`).toString('base64')}`;
const bringIn = (externalId: string) =>
  product.call('POST', '/v1/external-messages', {
    headers: { authorization },
    body: { channel: 'api', contactId: 'c1', externalId, kind: 'text', content: { text: 'hello' } },
  });

/** All that customers wrote, and their sessions. */
const stored = async () => {
  const { sql } = product.database;
  return {
    messages: await sql`SELECT id FROM messages WHERE NOT is_reply`,
    sessions: await sql`SELECT id FROM sessions`,
    received: await sql`SELECT id FROM events WHERE type = 'NewMessageReceivedEvent'`,
  };
};

describe('a disabled web channel', () => {
  it.each([
    ['/v1/messages', { text: 'hello' }],
    ['/v1/postbacks', { title: 'Opening hours', payload: 'hours' }],
    ['/v1/quick-replies', { title: 'Opening hours', payload: 'hours' }],
    ['/v1/csat-answers', { score: 5 }],
    ['/v1/offline-messages', { name: 'Vera', email: 'vera@home.example', text: 'Call me' }],
  ])('accepts nothing from its visitors at %s', async (path, body) => {
    const before = await stored();
    expect(await visitor.call('POST', path, body)).toMatchObject(isDisabled('web'));
    expect(await stored()).toEqual(before);
  });

  it('starts no visit', async () => {
    const body = { appKey: key };
    expect(await product.call('POST', '/v1/visitors', { body })).toMatchObject(isDisabled('web'));
  });

  it('resumes no visit, which can be resumed once the channel is enabled again', async () => {
    await product.database.sql`UPDATE sessions SET expires_at = now() WHERE id = ${visitor.sessionId}`;
    const before = await stored();
    const resume = () =>
      product.call('POST', '/v1/visitors/refresh', { body: { refreshToken: visitor.refreshToken } });
    expect(await resume()).toMatchObject(isDisabled('web'));
    expect(await stored()).toEqual(before);
    await enable('web', true);
    expect(await resume()).toMatchObject({ status: 200 });
    expect(await visitor.write('hello')).toMatchObject({ status: 201 });
  });
});

describe('a disabled `api` channel', () => {
  it('accepts no message until it is enabled again', async () => {
    const before = await stored();
    expect(await bringIn('e1')).toMatchObject(isDisabled('api'));
    expect(await stored()).toEqual(before);
    await enable('api', true);
    expect(await bringIn('e1')).toMatchObject({ status: 202 });
  });
});

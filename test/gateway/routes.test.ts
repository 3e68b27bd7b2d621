import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signSubscription, signUser } from '../../packages/server/src/broadcast/access/auth-signature.ts';
import { acme, type Person, startGateway, type TestGateway } from '../support/gateway.ts';

let server: TestGateway;
beforeAll(async () => {
  server = await startGateway();
});
afterAll(() => server.stop());

const auth = (body: unknown, as?: Person, headers?: Record<string, string>, query = '') =>
  server.post(`/broadcasting/auth${query}`, body, as, headers);
const form = { 'content-type': 'application/x-www-form-urlencoded' };

describe('signatures', () => {
  // From the examples in Pusher's documentation of authentication signatures.
  const app = { key: '278d425bdf160c739803', secret: '7ad3773142a6692b25b8' };
  it('equal those of the documentation', () => {
    expect(signSubscription(app, '1234.1234', 'private-foobar')).toBe(
      '278d425bdf160c739803:58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4',
    );
    expect(
      signSubscription(
        app,
        '1234.1234',
        'presence-foobar',
        '{"user_id":10,"user_info":{"name":"Mr. Channels"}}',
      ),
    ).toBe('278d425bdf160c739803:31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80');
    expect(signUser(app, '1234.1234', '{"id":"12345"}')).toBe(
      '278d425bdf160c739803:4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba',
    );
  });
});

describe('POST /broadcasting/auth', () => {
  const own = { socket_id: '1.2', channel_name: 'private-session1' };

  it('signs a private channel, from JSON and from a form', async () => {
    const expected = createHmac('sha256', acme.secret).update('1.2:private-session1').digest('hex');
    for (const response of [
      await auth(own, 'ann'),
      await auth(new URLSearchParams(own).toString(), 'ann', form),
    ]) {
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ auth: `acme:${expected}` });
    }
  });

  it('signs a presence channel together with its member', async () => {
    const response = await auth({ socket_id: '1.2', channel_name: 'presence-queues' }, 'agent');
    const channelData = '{"user_id":"agent-5","user_info":{"role":"agent","name":"Alex"}}';
    expect(await response.json()).toEqual({
      auth: signSubscription(acme, '1.2', 'presence-queues', channelData),
      channel_data: channelData,
    });
  });

  it.each<[string, Person | undefined, unknown, number]>([
    ['without a token', undefined, own, 401],
    ['another customer', 'bob', own, 403],
    ['staff of another app', 'otherAgent', own, 403],
    ['a customer subscribing to the queues', 'ann', { ...own, channel_name: 'private-queues' }, 403],
    ['an unknown topic', 'agent', { ...own, channel_name: 'private-nothing' }, 403],
    ['a public channel', 'ann', { ...own, channel_name: 'messages' }, 422],
    ['an invalid name', 'ann', { ...own, channel_name: 'private-a b' }, 422],
    ['an invalid socket id', 'ann', { ...own, socket_id: '1.2:private-session2' }, 422],
    ['no channel', 'ann', { socket_id: '1.2' }, 422],
    ['a body that is not an object', 'ann', [], 422],
    ['a body that is not JSON', 'ann', '{', 400],
    ['staff of several apps without naming one', 'supervisor', own, 422],
  ])('rejects %s', async (_what, as, body, status) => {
    const response = await auth(body, as);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(await response.json()).toMatchObject({
      status,
      title: expect.any(String),
      detail: expect.any(String),
    });
  });

  it('accepts the app that staff name, if they work for it', async () => {
    for (const [as, key, status] of [
      ['supervisor', 'acme', 200],
      ['supervisor', 'gone', 404],
      ['supervisor', 'unknown', 404],
      ['agent', 'rival', 403],
      ['admin', 'acme', 200],
    ] as const) {
      expect((await auth(own, as, { 'x-app-key': key })).status).toBe(status);
      expect((await auth(own, as, {}, `?app_key=${key}`)).status).toBe(status);
    }
    expect((await auth(own, 'supervisor', { 'x-app-key': 'rival' })).status).toBe(403);
  });
});

describe('POST /broadcasting/user-auth', () => {
  it("signs the user's identity", async () => {
    const response = await server.post('/broadcasting/user-auth', { socket_id: '1.2' }, 'ann');
    const body = (await response.json()) as { auth: string; user_data: string };
    expect(JSON.parse(body.user_data)).toMatchObject({ id: 'customer-11' });
    expect(body.auth).toBe(signUser(acme, '1.2', body.user_data));
  });

  it('requires a socket and a token', async () => {
    expect((await server.post('/broadcasting/user-auth', {}, 'ann')).status).toBe(422);
    expect((await server.post('/broadcasting/user-auth', { socket_id: '1.2' })).status).toBe(401);
  });
});

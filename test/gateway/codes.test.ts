import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { signSubscription, signUser } from '../../packages/server/src/broadcast/access/auth-signature.ts';
import type { GatewayConfig } from '../../packages/server/src/broadcast/gateway-config.ts';
import {
  type GatewayApp,
  type RealtimeSettings,
  realtimeDefaults,
} from '../../packages/server/src/broadcast/gateway-deps.ts';
import { acme, nextEvent, RawClient, startGateway, type TestGateway } from '../support/gateway.ts';

let server: TestGateway;
afterEach(() => server.stop());

/** A gateway whose first app has these settings. */
async function start(
  realtime: Partial<RealtimeSettings>,
  config: Partial<GatewayConfig> = {},
): Promise<void> {
  const apps: readonly GatewayApp[] = [
    { ...acme, settings: { realtime: { ...realtimeDefaults, ...realtime } } },
    { ...acme, id: 2, key: 'rival' },
  ];
  server = await startGateway({
    apps: {
      byKey: async (key) => apps.find((app) => app.key === key),
      byId: async (id) => apps.find((app) => app.id === id),
    },
    config,
  });
}

/** A client whose requests a proxy has forwarded with these headers. */
function behindProxy(headers: Record<string, string>, path = '/app/acme?protocol=7'): RawClient {
  return new RawClient(`ws://127.0.0.1:${server.port}${path}`, { headers });
}

/** TLS with a pre-shared key, so that no certificate is needed. */
const tls = { ciphers: 'PSK-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' } as const;
const key = Buffer.alloc(16, 7);

/** The client receives this code as an error, and is disconnected with it. */
async function expectRefused(client: RawClient, code: number): Promise<void> {
  expect((await client.next('pusher:error')).data).toMatchObject({ code });
  expect((await client.closed).code).toBe(code);
}

describe('4000: an app for TLS only', () => {
  it('disconnects a client without TLS', async () => {
    await start({ tlsOnly: true });
    await expectRefused(server.raw(), 4000);
    await server.raw('/app/rival?protocol=7').socketId();
  });

  it('trusts the header of a trusted proxy, and only the entry that it added', async () => {
    await start({ tlsOnly: true }, { trustProxy: true });
    await behindProxy({ 'x-forwarded-proto': 'https' }).socketId();
    await behindProxy({ 'x-forwarded-proto': 'http, https' }).socketId();
    await expectRefused(behindProxy({ 'x-forwarded-proto': 'https, http' }), 4000);
    await expectRefused(behindProxy({ 'x-forwarded-proto': 'http' }), 4000);
    await expectRefused(behindProxy({}), 4000);
  });

  it('ignores the header of anyone else', async () => {
    await start({ tlsOnly: true });
    await expectRefused(behindProxy({ 'x-forwarded-proto': 'https' }), 4000);
  });

  it('accepts a client with TLS', async () => {
    await start({ tlsOnly: true });
    const secure = createServer({ ...tls, pskCallback: () => key });
    server.gateway.attach(secure);
    secure.listen(0, '127.0.0.1');
    await once(secure, 'listening');
    const { port } = secure.address() as AddressInfo;
    // The types do not know that the pre-shared key is passed on to TLS.
    const options = {
      ...tls,
      pskCallback: () => ({ psk: key, identity: 'test' }),
      rejectUnauthorized: false,
    };
    const client = new RawClient(`wss://127.0.0.1:${port}/app/acme?protocol=7`, options);
    await client.socketId();
    client.ws.terminate();
    secure.close();
  });
});

describe('4004: an app with a quota', () => {
  it('disconnects clients above the quota until another one leaves', async () => {
    await start({ maxConnections: 2 });
    const [first] = [server.raw(), server.raw()];
    await expect.poll(() => server.gateway.inspect().connections).toBe(2);
    await expectRefused(server.raw(), 4004);
    await server.raw('/app/rival?protocol=7').socketId();
    first?.ws.close();
    await expect.poll(() => server.gateway.inspect().connections).toBe(2);
    await server.raw().socketId();
    await expectRefused(server.raw(), 4004);
  });

  it('enforces the quota when many connect at the same time', async () => {
    await start({ maxConnections: 5 });
    const clients = Array.from({ length: 50 }, () => server.raw());
    const outcomes = await Promise.all(
      clients.map((client) =>
        Promise.race([client.socketId().then(() => 'in'), client.closed.then(({ code }) => code)]),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'in')).toHaveLength(5);
    expect(outcomes.filter((outcome) => outcome === 4004)).toHaveLength(45);
  });
});

describe('4005: a path without an app', () => {
  it.each([
    '/app',
    '/app/',
    '/app?protocol=7',
    '/app/acme/more?protocol=7',
    '/app/a%00b?protocol=7',
    '/app//acme',
  ])('%s', async (path) => {
    await start({});
    await expectRefused(server.raw(path), 4005);
  });

  it('is an error after which pusher-js does not retry', async () => {
    await start({});
    const pusher = server.pusher({ key: 'no/such' });
    const error = await nextEvent<{ error: { data: { code: number } } }>(pusher.connection, 'error');
    expect(error.error.data.code).toBe(4005);
    await expect.poll(() => pusher.connection.state).toBe('disconnected');
  });
});

describe('4100: an address with too many connections', () => {
  const from = (address: string) => behindProxy({ 'x-forwarded-for': address });

  it('gets no more until one of them ends', async () => {
    await start({}, { trustProxy: true, maxConnectionsPerAddress: 2 });
    const first = from('203.0.113.5');
    await first.socketId();
    await from('203.0.113.5').socketId();
    await expectRefused(from('203.0.113.5'), 4100);
    // Everything before the last address is the client's own claim.
    await expectRefused(from('198.51.100.1, 203.0.113.5'), 4100);
    await from('203.0.113.6').socketId();
    first.ws.close();
    await first.closed;
    await expect
      .poll(async () => {
        const next = from('203.0.113.5');
        return Promise.race([next.socketId().then(() => 'in'), next.closed.then(({ code }) => code)]);
      })
      .toBe('in');
  });

  it('counts an untrusted proxy as the client, and exempts the same machine', async () => {
    await start({}, { maxConnectionsPerAddress: 1 });
    for (let at = 0; at < 3; at += 1) await from('203.0.113.5').socketId();
  });

  it('is not limited when the limit is switched off', async () => {
    await start({}, { trustProxy: true, maxConnectionsPerAddress: null });
    for (let at = 0; at < 3; at += 1) await from('203.0.113.5').socketId();
  });
});

describe('errors that keep the connection', () => {
  it.each<[string, Partial<RealtimeSettings>, string, object]>([
    ['when they are switched off', { clientEvents: false }, 'private-x', {}],
    ['on an encrypted channel', {}, 'private-encrypted-x', {}],
  ])('4301: client events %s', async (_what, realtime, channel, data) => {
    await start(realtime);
    const client = server.raw();
    client.subscribe(channel, { auth: signSubscription(acme, await client.socketId(), channel) });
    await client.next('pusher_internal:subscription_succeeded');
    client.send({ event: 'client-x', channel, data });
    expect((await client.next('pusher:error')).data).toMatchObject({ code: 4301 });
    await client.settled();
  });

  it('null: a frame that is not part of the protocol', async () => {
    await start({});
    const client = server.raw();
    await client.socketId();
    client.send('nonsense');
    expect((await client.next('pusher:error')).data).toMatchObject({ code: null });
    await client.settled();
  });
});

describe('4009: an app with authorized connections only', () => {
  const requireAuthorization = (authorizationSeconds: number) =>
    start({ authorizedConnections: true }, { authorizationSeconds });

  it('disconnects a client that stays unknown', async () => {
    await requireAuthorization(0.5);
    const client = server.raw();
    await client.socketId();
    client.subscribe('updates');
    await client.next('pusher_internal:subscription_succeeded');
    await expectRefused(client, 4009);
  });

  it('keeps clients that have signed in, or subscribed to a private channel', async () => {
    // Longer than the pauses of a busy machine.
    await requireAuthorization(5);
    const [subscriber, user, stranger] = [server.raw(), server.raw(), server.raw()];
    subscriber.subscribe('private-x', {
      auth: signSubscription(acme, await subscriber.socketId(), 'private-x'),
    });
    await subscriber.next('pusher_internal:subscription_succeeded');
    subscriber.send({ event: 'pusher:unsubscribe', data: { channel: 'private-x' } });
    const userData = JSON.stringify({ id: 'u1' });
    user.send({
      event: 'pusher:signin',
      data: { auth: signUser(acme, await user.socketId(), userData), user_data: userData },
    });
    await user.next('pusher:signin_success');
    // It connected last: when it is disconnected, the others would have been.
    const last = server.raw();
    await expectRefused(stranger, 4009);
    await expectRefused(last, 4009);
    await Promise.all([subscriber.settled(), user.settled()]);
  });
});

describe('4009: a sign-in', () => {
  it('as a different user, or with too much data', async () => {
    await start({}, { maxUserDataBytes: 200 });
    const signIn = async (client: RawClient, id: string, socketId: string, about = '') => {
      const userData = JSON.stringify({ id, about });
      client.send({
        event: 'pusher:signin',
        data: { auth: signUser(acme, socketId, userData), user_data: userData },
      });
    };
    const client = server.raw();
    const socketId = await client.socketId();
    await signIn(client, 'ann', socketId);
    await client.next('pusher:signin_success');
    await signIn(client, 'ann', socketId, 'again');
    await client.next('pusher:signin_success');
    await signIn(client, 'bob', socketId);
    await expectRefused(client, 4009);
    const wordy = server.raw();
    await signIn(wordy, 'ann', await wordy.socketId(), 'é'.repeat(100));
    await expectRefused(wordy, 4009);
  });
});

describe('every close reason', () => {
  it('fits into a close frame', async () => {
    await start({});
    const client = server.raw(`/app/${'k'.repeat(200)}?protocol=7`);
    await expectRefused(client, 4001);
    expect((await client.closed).reason).toMatch(/^App key kkk/);
  });

  it('can be sent to clients that have already gone', async () => {
    await start({}, { maxConnections: 1 });
    await server.raw().socketId();
    for (let at = 0; at < 20; at += 1) {
      const ws = new WebSocket(`ws://127.0.0.1:${server.port}/app/acme?protocol=7`);
      // The socket is terminated before it is open.
      ws.on('error', () => {});
      await once(ws, 'upgrade');
      ws.terminate();
    }
    await expectRefused(server.raw(), 4100);
    expect(server.loggedErrors).toEqual([]);
  });
});

import { createHash, createHmac } from 'node:crypto';
import PusherServer from 'pusher';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { signSubscription } from '../../packages/server/src/broadcast/access/auth-signature.ts';
import { signRequest } from '../../packages/server/src/broadcast/http-api/api-signature.ts';
import { acme, type RawClient, startGateway, type TestGateway } from '../support/gateway.ts';

let server: TestGateway;
let sdk: PusherServer;
beforeAll(async () => {
  server = await startGateway();
  sdk = new PusherServer({
    appId: '1',
    key: acme.key,
    secret: acme.secret,
    host: '127.0.0.1',
    port: String(server.port),
    useTLS: false,
  });
});
afterAll(() => server.stop());

let listener: RawClient;
let socketId: string;
beforeEach(async () => {
  listener = server.raw();
  socketId = await listener.socketId();
});

async function listen(channel: string, member?: string): Promise<void> {
  const channelData = member === undefined ? undefined : JSON.stringify({ user_id: member });
  const auth = signSubscription(acme, socketId, channel, channelData);
  listener.subscribe(channel, { auth, ...(channelData ? { channel_data: channelData } : {}) });
  await listener.next('pusher_internal:subscription_succeeded');
}

describe('the pusher SDK', () => {
  it('triggers on one channel and on several', async () => {
    await listen('updates');
    await listen('private-updates');
    expect((await sdk.trigger('updates', 'published', { title: 'Größe & "mehr"' })).status).toBe(200);
    expect((await listener.next('published')).data).toEqual({ title: 'Größe & "mehr"' });
    await sdk.trigger(['updates', 'private-updates'], 'again', 'plain text');
    expect(await listener.next('again')).toMatchObject({ channel: 'updates', data: 'plain text' });
    expect(await listener.next('again')).toMatchObject({ channel: 'private-updates' });
  });

  it('triggers batches, and excludes the socket that caused an event', async () => {
    await listen('updates');
    await sdk.triggerBatch([
      { channel: 'updates', name: 'first', data: {}, socket_id: socketId },
      { channel: 'updates', name: 'second', data: { n: 2 } },
    ]);
    expect((await listener.next('second')).data).toEqual({ n: 2 });
    expect(listener.frames.map(({ event }) => event)).not.toContain('first');
  });

  it('queries channels and their members', async () => {
    await listen('presence-room', 'u1');
    const get = async (path: string, params = {}) => (await sdk.get({ path, params })).json();
    expect(await get('/channels', { filter_by_prefix: 'presence-', info: 'user_count' })).toEqual({
      channels: { 'presence-room': { user_count: 1 } },
    });
    expect(await get('/channels/presence-room', { info: 'user_count,subscription_count' })).toEqual({
      occupied: true,
      user_count: 1,
      subscription_count: 1,
    });
    expect(await get('/channels/unknown')).toEqual({ occupied: false });
    expect(await get('/channels/presence-room/users')).toEqual({ users: [{ id: 'u1' }] });
    const triggered = await sdk.trigger('presence-room', 'e', {}, { info: 'user_count' });
    expect(await triggered.json()).toEqual({ channels: { 'presence-room': { user_count: 1 } } });
  });

  it('returns with an event the requested attributes that each channel has', async () => {
    await listen('presence-facts', 'u1');
    await listen('facts');
    const info = 'user_count,subscription_count';
    const triggered = await sdk.trigger(['presence-facts', 'facts'], 'e', {}, { info });
    const [room, facts] = [{ user_count: 1, subscription_count: 1 }, { subscription_count: 1 }];
    expect(await triggered.json()).toEqual({ channels: { 'presence-facts': room, facts } });
    const batch = await sdk.triggerBatch([
      { channel: 'presence-facts', name: 'e', data: {}, info },
      { channel: 'facts', name: 'e', data: {} },
      { channel: 'facts', name: 'e', data: {}, info },
    ]);
    expect(await batch.json()).toEqual({ batch: [room, {}, facts] });
  });

  it('accepts channel names and user ids of the maximum length', async () => {
    const channel = `presence-${'x'.repeat(191)}`;
    const user = '“'.repeat(128);
    await listen(channel, user);
    const get = async (path: string) => (await sdk.get({ path, params: {} })).json();
    expect(await get(`/channels/${channel}`)).toEqual({ occupied: true });
    expect(await get(`/channels/${channel}/users`)).toEqual({ users: [{ id: user }] });
    const { auth, user_data } = sdk.authenticateUser(socketId, { id: user });
    listener.send({ event: 'pusher:signin', data: { auth, user_data } });
    await listener.next('pusher:signin_success');
    await sdk.terminateUserConnections(encodeURIComponent(user));
    expect((await listener.closed).code).toBe(4009);
  });

  it('sends to every connection of a user, and terminates them', async () => {
    const { auth, user_data } = sdk.authenticateUser(socketId, { id: 'u7' });
    listener.send({ event: 'pusher:signin', data: { auth, user_data } });
    await listener.next('pusher:signin_success');
    listener.subscribe('#server-to-user-u7');
    await listener.next('pusher_internal:subscription_succeeded');
    await sdk.sendToUser('u7', 'hello', { n: 1 });
    expect((await listener.next('hello')).data).toEqual({ n: 1 });
    await sdk.terminateUserConnections('u7');
    expect((await listener.closed).code).toBe(4009);
  });

  it('keeps the last event of a cache channel for later subscribers', async () => {
    await listen('private-cache-rates');
    await listener.next('pusher:cache_miss');
    await sdk.trigger('private-cache-rates', 'rate', { usd: 1 });
    await listener.next('rate');
    const late = server.raw();
    const auth = signSubscription(acme, await late.socketId(), 'private-cache-rates');
    late.subscribe('private-cache-rates', { auth });
    expect((await late.next('rate')).data).toEqual({ usd: 1 });
  });
});

describe('a request', () => {
  const event = { name: 'e', data: '{}', channel: 'updates' };

  interface Changes {
    readonly method?: string;
    readonly path?: string;
    readonly body?: string;
    readonly sentBody?: string;
    readonly secret?: string;
    readonly query?: Record<string, string>;
    readonly more?: string;
  }
  function send({ method = 'POST', path = '/apps/1/events', body, sentBody, secret, query, more }: Changes) {
    const text = body ?? JSON.stringify(event);
    const parameters = new URLSearchParams({
      auth_key: acme.key,
      auth_timestamp: String(Math.floor(Date.now() / 1000)),
      auth_version: '1.0',
      ...(method === 'POST' ? { body_md5: createHash('md5').update(text).digest('hex') } : {}),
      ...query,
    });
    parameters.set('auth_signature', signRequest(secret ?? acme.secret, { method, path, query: parameters }));
    return fetch(`${server.url}${path}?${parameters}${more ?? ''}`, {
      method,
      ...(method === 'POST'
        ? { body: sentBody ?? text, headers: { 'content-type': 'application/json' } }
        : {}),
    });
  }
  const seconds = (ago: number) => String(Math.floor(Date.now() / 1000) - ago);

  it('is answered with 200 and an empty object when it is valid', async () => {
    const response = await send({});
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({});
  });

  it.each<[string, Changes, number]>([
    ['with another secret', { secret: 'rival-secret' }, 401],
    ['with another key', { query: { auth_key: 'rival' } }, 401],
    ['with another version', { query: { auth_version: '2.0' } }, 401],
    ['with an old timestamp', { query: { auth_timestamp: seconds(601) } }, 401],
    ['with a timestamp in the future', { query: { auth_timestamp: seconds(-660) } }, 401],
    ['with a timestamp that is not a number', { query: { auth_timestamp: 'now' } }, 401],
    ['with a changed body', { sentBody: JSON.stringify({ ...event, name: 'x' }) }, 401],
    ['with an added parameter', { more: '&info=user_count' }, 401],
    ['with a repeated parameter', { more: '&auth_key=acme' }, 401],
    ['for another app', { path: '/apps/2/events' }, 401],
    ['with the key of another app, for a disabled app', { path: '/apps/3/events' }, 401],
    [
      'for a disabled app',
      { path: '/apps/3/events', secret: 'gone-secret', query: { auth_key: 'gone' } },
      403,
    ],
    ['for an unknown app', { path: '/apps/x/events' }, 401],
    ['whose body is not JSON', { body: '{' }, 400],
    ['without a channel', { body: JSON.stringify({ name: 'e', data: '{}' }) }, 400],
    ['without a name', { body: JSON.stringify({ ...event, name: '' }) }, 400],
    ['with a protocol event name', { body: JSON.stringify({ ...event, name: 'pusher:error' }) }, 400],
    [
      'with an internal protocol event name',
      { body: JSON.stringify({ ...event, name: 'pusher_internal:member_added' }) },
      400,
    ],
    ['with an invalid channel', { body: JSON.stringify({ ...event, channel: 'a b' }) }, 400],
    ['for too many channels', { body: JSON.stringify({ ...event, channels: Array(101).fill('x') }) }, 400],
    ['with an invalid socket id', { body: JSON.stringify({ ...event, socket_id: 'x' }) }, 400],
    ['that is too large', { body: JSON.stringify({ ...event, data: 'x'.repeat(10_241) }) }, 413],
    ['that is far too large', { body: JSON.stringify({ ...event, data: 'x'.repeat(11_000_000) }) }, 413],
    [
      'with eleven events',
      { path: '/apps/1/batch_events', body: JSON.stringify({ batch: Array(11).fill(event) }) },
      400,
    ],
    [
      'for the users of a channel that is not a presence channel',
      { method: 'GET', path: '/apps/1/channels/updates/users' },
      400,
    ],
    [
      'for the user count of a channel that has none',
      { method: 'GET', path: '/apps/1/channels/updates', query: { info: 'user_count' } },
      400,
    ],
    [
      'for the last event of a channel that keeps none',
      { method: 'GET', path: '/apps/1/channels/updates', query: { info: 'subscription_count,cache' } },
      400,
    ],
    [
      'for user counts of all channels',
      { method: 'GET', path: '/apps/1/channels', query: { info: 'user_count' } },
      400,
    ],
  ])('%s is rejected', async (_what, changes, status) => {
    await listen('updates');
    const response = await send(changes);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    await listener.settled();
    expect(listener.frames.map((frame) => frame.event)).not.toContain('e');
  });

  it('may have the maximum size, number of channels and number of events', async () => {
    const data = 'é'.repeat(5_120);
    const channels = Array.from({ length: 100 }, (_, at) => `many-${at}`);
    for (const channel of ['many-0', 'many-99', 'updates']) await listen(channel);
    expect((await send({ body: JSON.stringify({ name: 'large', data, channels }) })).status).toBe(200);
    for (const channel of ['many-0', 'many-99']) {
      expect(await listener.next('large')).toMatchObject({ channel, data });
    }
    const batch = Array.from({ length: 10 }, (_, n) => ({ channel: 'updates', name: 'one', data: `${n}` }));
    await send({ path: '/apps/1/batch_events', body: JSON.stringify({ batch }) });
    for (let n = 0; n < 10; n += 1) expect((await listener.next('one')).data).toBe(n);
  });

  it('may have parameter names in any case, and is signed with them in lower case', async () => {
    const parameters = new URLSearchParams([
      ['Info', 'subscription_count'],
      ['auth_key', acme.key],
      ['auth_timestamp', seconds(0)],
      ['auth_version', '1.0'],
    ]);
    const signed = [...parameters].map(([name, value]) => `${name.toLowerCase()}=${value}`).sort();
    const text = `GET\n/apps/1/channels\n${signed.join('&')}`;
    parameters.set('auth_signature', createHmac('sha256', acme.secret).update(text).digest('hex'));
    expect((await fetch(`${server.url}/apps/1/channels?${parameters}`)).status).toBe(200);
  });

  it('is signed as in the documentation', () => {
    // The worked example of Pusher's HTTP API reference.
    const query = new URLSearchParams({
      body_md5: 'ec365a775a4cd0599faeb73354201b6f',
      auth_version: '1.0',
      auth_key: '278d425bdf160c739803',
      auth_timestamp: '1353088179',
    });
    expect(signRequest('7ad3773142a6692b25b8', { method: 'POST', path: '/apps/3/events', query })).toBe(
      'da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c',
    );
  });
});

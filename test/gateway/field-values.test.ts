import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signSubscription, signUser } from '../../packages/server/src/broadcast/access/auth-signature.ts';
import { signRequest } from '../../packages/server/src/broadcast/http-api/api-signature.ts';
import { acme, type RawClient, startGateway, type TestGateway } from '../support/gateway.ts';

let server: TestGateway;
beforeEach(async () => {
  server = await startGateway();
});
afterEach(() => server.stop());

const room = 'presence-room';

async function join(member: object): Promise<{ client: RawClient; presence: unknown }> {
  const client = server.raw();
  const channelData = JSON.stringify(member);
  const auth = signSubscription(acme, await client.socketId(), room, channelData);
  client.subscribe(room, { auth, channel_data: channelData, resume: null });
  const { data } = await client.next('pusher_internal:subscription_succeeded');
  return { client, presence: (data as { presence: unknown }).presence };
}

/** Calls the HTTP API; the path is signed in a form of its own. */
async function call(method: string, path: string, body?: object, signedPath = path): Promise<Response> {
  const text = body === undefined ? '' : JSON.stringify(body);
  const query = new URLSearchParams({
    auth_key: acme.key,
    auth_timestamp: String(Math.floor(Date.now() / 1000)),
    auth_version: '1.0',
    body_md5: createHash('md5').update(text).digest('hex'),
  });
  query.set('auth_signature', signRequest(acme.secret, { method, path: signedPath, query }));
  const init = { method, ...(body === undefined ? {} : { body: text }) };
  return fetch(`${server.url}${path}?${query}`, init);
}

describe('null in a frame', () => {
  it('counts as absent', async () => {
    const client = server.raw();
    const socketId = await client.socketId();
    client.send({
      event: 'pusher:subscribe',
      channel: null,
      data: { channel: 'updates', auth: null, channel_data: null, resume: null },
    });
    await client.next('pusher_internal:subscription_succeeded');
    const auth = signSubscription(acme, socketId, 'private-x');
    client.subscribe('private-x', { auth, channel_data: null });
    await client.next('pusher_internal:subscription_succeeded');
  });

  it('counts as absent in a request to the HTTP API', async () => {
    const client = server.raw();
    await client.socketId();
    client.subscribe('updates');
    await client.next('pusher_internal:subscription_succeeded');
    const event = { name: 'published', data: '{}', socket_id: null, info: null };
    for (const body of [
      { ...event, channels: ['updates'], channel: null },
      { ...event, channels: null, channel: 'updates' },
    ]) {
      expect((await call('POST', '/apps/1/events', body)).status).toBe(200);
      await client.next('published');
    }
    const nowhere = { ...event, channels: null, channel: null };
    expect((await call('POST', '/apps/1/events', nowhere)).status).toBe(400);
  });
});

describe('a subscription that is refused', () => {
  it.each([
    ['with a wrong signature', { channel: 'private-x', auth: 'acme:00' }, 401],
    ['without a signature', { channel: 'private-x', auth: null }, 401],
    ['with a signature that is not text', { channel: 'private-x', auth: 5 }, 400],
    ['with member data that is not text', { channel: 'presence-x', auth: 'acme:00', channel_data: {} }, 400],
    ['with an invalid position', { channel: 'updates', resume: 'now' }, 400],
    ['with an invalid name', { channel: 'no spaces' }, 400],
  ])('%s is answered with its channel', async (_what, data, status) => {
    const client = server.raw();
    await client.socketId();
    client.send({ event: 'pusher:subscribe', data });
    const error = await client.next('pusher:subscription_error');
    expect(error).toMatchObject({ channel: data.channel, data: { status } });
  });
});

describe('the data of pusher:error', () => {
  it('is an object, with the channel of a client event', async () => {
    const client = server.raw();
    await client.socketId();
    const texts: string[] = [];
    client.ws.on('message', (data) => texts.push(data.toString()));
    client.send({ event: 'client-x', channel: 'private-elsewhere', data: {} });
    await client.next('pusher:error');
    expect(JSON.parse(texts[0] ?? '')).toEqual({
      event: 'pusher:error',
      channel: 'private-elsewhere',
      data: { code: 4301, message: 'You are not subscribed to that channel' },
    });
  });
});

describe('a member', () => {
  it('without information is listed all the same', async () => {
    await join({ user_id: 'ann' });
    const { presence } = await join({ user_id: 'bob', user_info: { name: 'Bob' } });
    expect(presence).toEqual({ count: 2, ids: ['ann', 'bob'], hash: { ann: null, bob: { name: 'Bob' } } });
  });

  it('whose id is a number keeps it', async () => {
    const { client: watcher } = await join({ user_id: 'watcher' });
    const { client, presence } = await join({ user_id: 42, user_info: {} });
    expect(presence).toMatchObject({ ids: ['watcher', 42], hash: { 42: {} } });
    expect((await watcher.next('pusher_internal:member_added')).data).toEqual({ user_id: 42, user_info: {} });
    const { users } = (await (await call('GET', `/apps/1/channels/${room}/users`)).json()) as {
      users: unknown;
    };
    expect(users).toEqual([{ id: 'watcher' }, { id: '42' }]);
    client.send({ event: 'client-typing', channel: room, data: {} });
    expect(await watcher.next('client-typing')).toMatchObject({ user_id: 42 });
    client.ws.close();
    expect((await watcher.next('pusher_internal:member_removed')).data).toEqual({ user_id: 42 });
  });
});

describe('a user whose connections are to be terminated', () => {
  it.each(['Zoë Müller', 'with spaces', '用户', 'a/b?c#d'])(
    'may be called %s, whichever form of the path is signed',
    async (id) => {
      const path = `/apps/1/users/${encodeURIComponent(id)}/terminate_connections`;
      for (const signed of [path, `/apps/1/users/${id}/terminate_connections`]) {
        const client = server.raw();
        const userData = JSON.stringify({ id });
        const auth = signUser(acme, await client.socketId(), userData);
        client.send({ event: 'pusher:signin', data: { auth, user_data: userData } });
        await client.next('pusher:signin_success');
        expect((await call('POST', path, undefined, signed)).status).toBe(200);
        expect((await client.closed).code).toBe(4009);
      }
    },
  );

  it("cannot be named by the signature for another user's path", async () => {
    const signedFor = '/apps/1/users/a%25b/terminate_connections';
    const response = await call('POST', '/apps/1/users/a%2525b/terminate_connections', undefined, signedFor);
    expect(response.status).toBe(401);
  });
});

describe('a client that comes back', () => {
  it('may subscribe to six hundred channels at once', async () => {
    const client = server.raw();
    await client.socketId();
    for (let at = 0; at < 600; at += 1) client.subscribe(`updates-${at}`);
    await client.settled();
    const succeeded = client.frames.filter(({ event }) => event === 'pusher_internal:subscription_succeeded');
    expect(succeeded).toHaveLength(600);
  });
});

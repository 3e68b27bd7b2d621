import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createClient } from '@redis/client';
import PusherServer from 'pusher';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { signSubscription, signUser } from '../../packages/server/src/broadcast/access/auth-signature.ts';
import { signRequest } from '../../packages/server/src/broadcast/http-api/api-signature.ts';
import { acme, RawClient, startGateway, type TestGateway } from '../support/gateway.ts';
import { expectReached, join, listen, publish, startRedisNode } from '../support/gateway-clients.ts';
import type { Measured } from '../support/measured-gateway.ts';
import { killHard, startProcess } from '../support/processes.ts';
import { handshakeRequest, openRaw, RawSocket } from '../support/raw-socket.ts';
import { startRedis } from '../support/redis.ts';
import { useRedis } from '../support/use-redis.ts';

/** Known bugs of comparable gateways, and what ours does instead. */

/** A back end of the first app, with these options overridden. */
const backEndOf = ({ port }: TestGateway, more: { appId?: string; key?: string; secret?: string } = {}) =>
  new PusherServer({
    appId: '1',
    key: acme.key,
    secret: acme.secret,
    host: '127.0.0.1',
    port: String(port),
    useTLS: false,
    ...more,
  });

/** The status with which a request is rejected. */
const rejectionStatus = (request: Promise<unknown>) =>
  request.then(
    () => 'nothing was rejected',
    (error: { status?: number }) => error.status,
  );

describe('one node', () => {
  let server: TestGateway;
  beforeEach(async () => {
    server = await startGateway({ config: { closeTimeoutMs: 200, maxBufferedBytes: 200_000 } });
  });
  afterEach(() => server.stop());

  it('survives subscriptions without data from an unauthenticated client', async () => {
    const client = server.raw();
    await client.socketId();
    for (const data of ['', ',"data":null', ',"data":7', ',"data":"x"', ',"data":[]', ',"data":{}']) {
      client.send(`{"event":"pusher:subscribe"${data}}`);
      await client.next('pusher:error');
    }
    await listen(server, 'messages');
  });

  it('answers API errors with the correct status', async () => {
    const backEnd = backEndOf(server);
    expect(await rejectionStatus(backEndOf(server, { secret: 'guessed' }).trigger('updates', 'e', {}))).toBe(
      401,
    );
    expect(await rejectionStatus(backEndOf(server, { key: 'rival' }).trigger('updates', 'e', {}))).toBe(401);
    expect(await rejectionStatus(backEndOf(server, { appId: '2' }).trigger('updates', 'e', {}))).toBe(401);
    expect(await rejectionStatus(backEnd.get({ path: '/nothing' }))).toBe(404);
    expect(await rejectionStatus(backEnd.trigger('updates', 'e', 'x'.repeat(10_241)))).toBe(413);
    expect(await rejectionStatus(backEnd.get({ path: '/channels/updates/users' }))).toBe(400);
    expect(await rejectionStatus(backEnd.get({ path: '/channels/no%20name' }))).toBe(400);
    const fine = await backEnd.trigger('updates', 'e', {});
    expect(fine.status).toBe(200);
  });

  it('relays no client events on public channels', async () => {
    const [sender, other] = [await listen(server, 'open'), await listen(server, 'open')];
    sender.send({ event: 'client-x', channel: 'open', data: {} });
    expect((await sender.next('pusher:error')).data).toMatchObject({ code: 4301 });
    await other.settled();
    expect(other.frames.map(({ event }) => event)).not.toContain('client-x');
  });

  it.each([
    { name: 'pusher:error', channel: 'updates' },
    { name: 'pusher_internal:member_added', channel: 'updates' },
    { name: 'e', channel: 'no name' },
    { name: 'e', channel: '#updates' },
    { name: 'e', channel: 'private-' },
    { name: 'e', channel: 'x'.repeat(201) },
    { name: 'x'.repeat(201), channel: 'updates' },
  ])('rejects $name on $channel from the API', async ({ name, channel }) => {
    const subscriber = await listen(server, 'updates');
    await expect(server.gateway.api.trigger(1, { name, channel, data: '{}' })).rejects.toMatchObject({
      code: 'bad_request',
    });
    await subscriber.settled();
    expect(subscriber.frames.map(({ event }) => event)).not.toContain(name);
  });

  it('checks the protocol, the key, and the time of a request', async () => {
    const closed = async (path: string) => (await server.raw(path).closed).code;
    expect(await closed('/app/acme?protocol=5')).toBe(4007);
    expect(await closed('/app/acme?protocol=')).toBe(4008);
    expect(await closed('/app/Acme?protocol=7')).toBe(4001);
    for (const [secondsAgo, status] of [
      [0, 200],
      [700, 401],
      [-700, 401],
    ] as const) {
      const query = new URLSearchParams({
        auth_key: acme.key,
        auth_timestamp: String(Math.floor(Date.now() / 1000) - secondsAgo),
        auth_version: '1.0',
      });
      const path = '/apps/1/channels';
      query.set('auth_signature', signRequest(acme.secret, { method: 'GET', path, query }));
      expect((await fetch(`${server.url}${path}?${query}`)).status).toBe(status);
    }
  });

  it('encodes a message once for any number of subscribers', async () => {
    const subscribers = await Promise.all(Array.from({ length: 200 }, () => listen(server, 'feed')));
    const written = vi.spyOn(JSON, 'stringify');
    const encoded = vi.spyOn(Buffer, 'byteLength');
    try {
      await server.gateway.publish([{ appId: 1, topic: 'feed', event: 'message_post', payload: { n: 1 } }]);
      await Promise.all(subscribers.map((subscriber) => subscriber.next('message_post')));
      // The payload, and the frame that contains it.
      expect(written.mock.calls.length).toBe(2);
      expect(encoded.mock.calls.length).toBeLessThan(10);
    } finally {
      written.mockRestore();
      encoded.mockRestore();
    }
  });

  it('bounds what is buffered for clients that do not read', async () => {
    const subscriber = await listen(server, 'feed');
    const deaf = await openRaw(server.port);
    deaf.say('pusher:subscribe', { data: { channel: 'feed' } });
    await deaf.event('pusher_internal:subscription_succeeded');
    deaf.socket.pause();
    let most = 0;
    const state = () => server.gateway.inspection.state()[0];
    for (let at = 0; at < 1_000 && (state()?.connections ?? 0) > 1; at += 1) {
      await publish(server, 'feed', { at, filling: 'x'.repeat(50_000) });
      most = Math.max(most, state()?.maxBufferedBytes ?? 0);
      expect((await subscriber.next('message_post')).data).toMatchObject({ at });
    }
    expect(state()?.connections).toBe(1);
    expect(most).toBeLessThanOrEqual(200_000);
    deaf.socket.destroy();
  });

  it.each([
    ['unknown app', '/app/unknown?protocol=7', 4001],
    ['a disabled app', '/app/gone?protocol=7', 4003],
    ['no protocol', '/app/acme', 4008],
    ['no key', '/app/', 4005],
  ])('leaves no socket open that it has rejected: %s', async (_what, path, code) => {
    const stubborn = new RawSocket(server.port, { allowHalfOpen: true });
    stubborn.write(handshakeRequest({ Origin: 'https://elsewhere.example' }, { path }));
    expect(await stubborn.closeCode()).toBe(code);
    await stubborn.ended;
    await expect
      .poll(() => {
        stubborn.socket.write('x');
        return stubborn.socket.destroyed;
      })
      .toBe(true);
  });

  it('signs users in, and reaches them by their name', async () => {
    const client = await signedIn(server, 'u1');
    await backEndOf(server).sendToUser('u1', 'hello', { n: 1 });
    expect((await client.next('hello')).data).toEqual({ n: 1 });
  });
});

/** A client with a signed-in user, subscribed to that user's own channel. */
async function signedIn(node: TestGateway, id: string): Promise<RawClient> {
  const client = node.raw();
  const userData = JSON.stringify({ id });
  const auth = signUser(acme, await client.socketId(), userData);
  client.send({ event: 'pusher:signin', data: { auth, user_data: userData } });
  await client.next('pusher:signin_success');
  client.subscribe(`#server-to-user-${id}`);
  await client.next('pusher_internal:subscription_succeeded');
  return client;
}

describe('two nodes on a Redis', () => {
  const redis = useRedis();
  let one: TestGateway;
  let two: TestGateway;
  beforeEach(async () => {
    [one, two] = await Promise.all([startRedisNode(redis.url), startRedisNode(redis.url)]);
    await expectReached(one, 'bridge', [await listen(two, 'bridge')]);
    await expectReached(two, 'bridge', [await listen(one, 'bridge')]);
  });
  afterEach(() => Promise.all([one.stop(), two.stop()]));

  const occupiedChannels = async (node: TestGateway) => {
    const { channels } = await node.gateway.api.channels(1, { prefix: 'room', info: ['subscription_count'] });
    return channels;
  };

  it('never report a channel as vacated while the other has subscribers', async () => {
    await listen(two, 'room');
    await expect.poll(() => occupiedChannels(one)).toEqual({ room: { subscription_count: 1 } });
    for (let at = 0; at < 20; at += 1) {
      const passing = await listen(one, 'room');
      for (const node of [one, two]) expect(Object.keys(await occupiedChannels(node))).toEqual(['room']);
      passing.ws.terminate();
      await expect.poll(() => one.gateway.inspect().topics.map(({ name }) => name)).not.toContain('room');
      for (const node of [one, two]) expect(Object.keys(await occupiedChannels(node))).toEqual(['room']);
    }
    await expect.poll(() => occupiedChannels(one)).toEqual({ room: { subscription_count: 1 } });
    await expect.poll(() => occupiedChannels(two)).toEqual({ room: { subscription_count: 1 } });
  });

  it('both report a channel as vacated when its last subscriber leaves', async () => {
    const [here, there] = [await listen(one, 'room'), await listen(two, 'room')];
    await expect.poll(() => occupiedChannels(one)).toEqual({ room: { subscription_count: 2 } });
    here.ws.terminate();
    await expect.poll(() => occupiedChannels(two)).toEqual({ room: { subscription_count: 1 } });
    there.ws.terminate();
    for (const node of [one, two]) await expect.poll(() => occupiedChannels(node)).toEqual({});
  });

  it('see the same members, and announce each once', async () => {
    const [ann, bob, annAgain] = [one.raw(), two.raw(), two.raw()];
    expect(await join(ann, 'ann', 'presence-room')).toEqual(['ann']);
    expect(await join(bob, 'bob', 'presence-room')).toEqual(['ann', 'bob']);
    expect(await join(annAgain, 'ann', 'presence-room')).toEqual(['ann', 'bob']);
    for (const node of [one, two]) {
      const { users } = await node.gateway.api.users(1, 'presence-room');
      expect(users.map(({ id }) => id).sort()).toEqual(['ann', 'bob']);
    }
    ann.ws.terminate();
    await ann.closed;
    annAgain.ws.terminate();
    expect((await bob.next('pusher_internal:member_removed')).data).toEqual({ user_id: 'ann' });
    await bob.settled();
    const received = bob.frames.filter(({ event }) => event.startsWith('pusher_internal:member_'));
    expect(received).toHaveLength(1);
  });

  it('exclude the socket that caused an event, whichever node it is on', async () => {
    const [cause, other] = [two.raw(), await listen(two, 'room')];
    const socketId = await cause.socketId();
    cause.subscribe('room');
    await cause.next('pusher_internal:subscription_succeeded');
    const backEnd = backEndOf(one);
    await backEnd.trigger('room', 'to-others', {}, { socket_id: socketId });
    await backEnd.trigger('room', 'to-all', {});
    await Promise.all([cause.next('to-all'), other.next('to-all')]);
    expect(other.frames.map(({ event }) => event)).toContain('to-others');
    expect(cause.frames.map(({ event }) => event)).not.toContain('to-others');
  });

  it('reach a user who signed in on the other, and close their connections', async () => {
    const [here, there] = [await signedIn(one, 'u1'), await signedIn(two, 'u1')];
    const stranger = await signedIn(two, 'u2');
    const backEnd = backEndOf(one);
    await backEnd.sendToUser('u1', 'hello', { n: 1 });
    for (const client of [here, there]) expect((await client.next('hello')).data).toEqual({ n: 1 });
    await backEnd.terminateUserConnections('u1');
    for (const client of [here, there]) expect((await client.closed).code).toBe(4009);
    await stranger.settled();
    expect(stranger.frames.map(({ event }) => event)).not.toContain('hello');
  });
});

describe('a node on a Redis', () => {
  it('does no more work for the thousandth subscriber than for the tenth', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    // Heartbeats, which depend on the clock, would be counted as well.
    const node = await startRedisNode(redis.url, { heartbeatMs: 3_600_000 });
    onTestFinished(() => node.stop());
    const control = await createClient({ url: redis.url }).connect();
    onTestFinished(() => control.destroy());
    const commands = async () =>
      Number(/total_commands_processed:(\d+)/.exec(await control.info('stats'))?.[1]);
    let here = 0;
    /** The number of Redis commands while this many more subscribe. */
    const cost = async (more: number) => {
      const before = await commands();
      for (let at = 0; at < more; at += 1) await listen(node, 'crowd');
      const after = await commands();
      here += more;
      const { subscription_count } = await node.gateway.api.channel(1, 'crowd', ['subscription_count']);
      expect(subscription_count).toBe(here);
      return after - before;
    };
    await cost(900);
    // Counting all subscribers at each subscription would take ninety thousand.
    expect(await cost(100)).toBeLessThan(1_000);
  });
});

describe('a long-running process', () => {
  let child: ChildProcess;
  afterEach(() => killHard(child));

  async function measure(): Promise<Measured> {
    const answer = once(child, 'message');
    child.send('measure');
    const [measured] = (await answer) as [Measured];
    return measured;
  }

  it('keeps nothing of clients that have left, after thousands of them', async () => {
    child = await startProcess(fileURLToPath(new URL('../support/measured-gateway.ts', import.meta.url)), {});
    const { port } = await measure();
    let turn = 0;
    const comeAndGo = async () => {
      turn += 1;
      const client = new RawClient(`ws://127.0.0.1:${port}/app/acme?protocol=7`);
      const socketId = await client.socketId();
      const userData = JSON.stringify({ id: `user-${turn}`, watchlist: [`user-${turn - 1}`] });
      client.send({
        event: 'pusher:signin',
        data: { auth: signUser(acme, socketId, userData), user_data: userData },
      });
      await client.next('pusher:signin_success');
      const channel = `private-of-${turn}`;
      for (const name of ['updates', `shop-${turn}`]) client.subscribe(name);
      client.subscribe(channel, { auth: signSubscription(acme, socketId, channel) });
      for (let at = 0; at < 3; at += 1) await client.next('pusher_internal:subscription_succeeded');
      await join(client, `user-${turn}`, `presence-${turn}`);
      await join(client, `user-${turn}`, 'presence-all');
      client.send({ event: 'client-x', channel, data: { turn } });
      client.send({ event: 'pusher:unsubscribe', data: { channel: 'updates' } });
      client.send({ event: 'pusher:subscribe', data: { channel: `private-not-${turn}`, auth: 'x' } });
      await client.settled();
      if (turn % 2 === 0) client.ws.terminate();
      else client.ws.close();
      await client.closed;
    };
    const cycles = async (count: number) => {
      const lanes = Array.from({ length: 10 }, async () => {
        for (let at = 0; at < count / 10; at += 1) await comeAndGo();
      });
      await Promise.all(lanes);
      await expect.poll(async () => (await measure()).connections).toBe(0);
      return measure();
    };
    const before = await cycles(500);
    const after = await cycles(2_000);
    expect(after).toMatchObject({ connections: 0, topics: 0, loggedErrors: 0 });
    // A kilobyte left behind by each would add up to two million.
    expect(after.heapBytes - before.heapBytes).toBeLessThan(2_000_000);
  });
});

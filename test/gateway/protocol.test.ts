import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { signSubscription, signUser } from '../../packages/server/src/broadcast/access/auth-signature.ts';
import { cacheMs } from '../../packages/server/src/broadcast/bus/event-cache.ts';
import { CountNotifier } from '../../packages/server/src/broadcast/webhooks/count-notifier.ts';
import { acme, nextEvent, type RawClient, startGateway, type TestGateway } from '../support/gateway.ts';
import { join, listen } from '../support/gateway-clients.ts';
import { holdClock } from '../support/held-clock.ts';
import { opcodes, openRaw } from '../support/raw-socket.ts';

/** The exact protocol, where pusher-js and Echo are lenient. */

let server: TestGateway;
afterEach(() => {
  vi.useRealTimers();
  return server.stop();
});

const trigger = (channel: string, name: string, data: unknown = {}) =>
  server.gateway.api.trigger(1, { channel, name, data: JSON.stringify(data) });
const named = (client: RawClient, event: string) => client.frames.filter((frame) => frame.event === event);

/** A client on a channel that requires a signature. */
async function listenSigned(channel: string): Promise<RawClient> {
  const client = server.raw();
  client.subscribe(channel, { auth: signSubscription(acme, await client.socketId(), channel) });
  await client.next('pusher_internal:subscription_succeeded');
  return client;
}

describe('what the server sends', () => {
  beforeEach(async () => {
    server = await startGateway();
  });

  it('begins with the socket id and the activity timeout', async () => {
    const { data } = await server.raw().next('pusher:connection_established');
    expect(data).toEqual({ socket_id: expect.stringMatching(/^\d+\.\d+$/), activity_timeout: 120 });
  });

  it('has its data as a JSON string, that of errors as an object, in text frames', async () => {
    const client = await openRaw(server.port);
    const greeting = client.frames[0]?.payload.toString() ?? '';
    const socketId: string = JSON.parse(JSON.parse(greeting).data).socket_id;
    const member = '{"user_id":"ann"}';
    const userData = '{"id":"ann","watchlist":["bob"]}';
    client.say('pusher:subscribe', { data: { channel: 'cache-updates' } });
    client.say('pusher:subscribe', { data: { channel: 'private-x', auth: 'wrong' } });
    client.say('pusher:subscribe', {
      data: {
        channel: 'presence-room',
        auth: signSubscription(acme, socketId, 'presence-room', member),
        channel_data: member,
      },
    });
    client.say('pusher:signin', {
      data: { auth: signUser(acme, socketId, userData), user_data: userData },
    });
    client.say('nonsense').say('pusher:ping');
    await client.event('pusher:pong');
    const other = server.raw();
    await join(other, 'bob', 'presence-room');
    other.send({ event: 'client-wave', channel: 'presence-room', data: { to: 'you' } });
    await client.event('client-wave');
    other.ws.close();
    await client.event('pusher_internal:member_removed');
    await trigger('cache-updates', 'published', { n: 1 });
    await client.event('published');

    const frames = client.frames.map(({ payload }) => JSON.parse(payload.toString()));
    expect(frames.map(({ event }) => event)).toEqual([
      'pusher:connection_established',
      'pusher_internal:subscription_succeeded',
      'pusher:cache_miss',
      'pusher:subscription_error',
      'pusher_internal:subscription_succeeded',
      'pusher:signin_success',
      'pusher_internal:watchlist_events',
      'pusher:error',
      'pusher:pong',
      'pusher_internal:member_added',
      'client-wave',
      'pusher_internal:member_removed',
      'published',
    ]);
    for (const { event, data } of frames) {
      if (event === 'pusher:cache_miss') continue;
      if (event === 'pusher:error') {
        expect(data).toMatchObject({ message: expect.any(String) });
        continue;
      }
      expect([event, typeof data, typeof JSON.parse(data)]).toEqual([event, 'string', 'object']);
    }
    expect(new Set(client.frames.map(({ opcode }) => opcode))).toEqual(new Set([opcodes.text]));
  });
});

describe('what a client sends', () => {
  beforeEach(async () => {
    server = await startGateway({ config: { maxEventBytes: 100 } });
  });

  it('may have its data as a JSON string as well', async () => {
    const client = server.raw();
    const socketId = await client.socketId();
    const signed = { channel: 'private-x', auth: signSubscription(acme, socketId, 'private-x') };
    client.send({ event: 'pusher:subscribe', data: JSON.stringify(signed) });
    expect(await client.next('pusher_internal:subscription_succeeded')).toMatchObject({
      channel: 'private-x',
    });
    const userData = '{"id":"ann"}';
    const proof = { auth: signUser(acme, socketId, userData), user_data: userData };
    client.send({ event: 'pusher:signin', data: JSON.stringify(proof) });
    await client.next('pusher:signin_success');
    client.send({ event: 'pusher:unsubscribe', data: '{"channel":"private-x"}' });
    await client.settled();
    expect(server.gateway.inspect().topics).toEqual([]);
  });

  it('ends a subscription: nothing more is delivered, and members are notified', async () => {
    const client = server.raw();
    await join(client, 'ann', 'presence-room');
    client.subscribe('updates');
    await client.next('pusher_internal:subscription_succeeded');
    const other = server.raw();
    await join(other, 'bob', 'presence-room');
    for (const channel of ['updates', 'presence-room', 'never-subscribed']) {
      client.send({ event: 'pusher:unsubscribe', data: { channel } });
    }
    await client.settled();
    expect((await other.next('pusher_internal:member_removed')).data).toEqual({ user_id: 'ann' });
    await trigger('updates', 'published');
    await trigger('presence-room', 'published');
    await other.next('published');
    await client.settled();
    expect(named(client, 'published')).toEqual([]);
    client.subscribe('updates');
    await client.next('pusher_internal:subscription_succeeded');
    await trigger('updates', 'published');
    await client.next('published');
  });

  it("may have event names of 200 characters, and data up to the server's limit", async () => {
    const [sender, other] = [await listenSigned('private-x'), await listenSigned('private-x')];
    const name = `client-${'n'.repeat(193)}`;
    sender.send({ event: name, channel: 'private-x', data: 'é'.repeat(50) });
    expect((await other.next(name)).data).toBe('é'.repeat(50));
    sender.send({ event: name, channel: 'private-x', data: `${'é'.repeat(50)}.` });
    expect((await sender.next('pusher:error')).data).toMatchObject({ code: 4301 });
    sender.send({ event: `${name}n`, channel: 'private-x', data: '' });
    expect((await sender.next('pusher:error')).data).toMatchObject({ code: null });
    await other.settled();
    expect(other.frames.filter(({ event }) => event.startsWith('client-'))).toHaveLength(1);
  });
});

describe('a presence channel', () => {
  it('accepts the maximum number of users, with any number of connections each', async () => {
    server = await startGateway({ config: { maxPresenceMembers: 2 } });
    for (const user of ['ann', 'bob', 'ann']) await join(server.raw(), user, 'presence-room');
    const third = server.raw();
    const member = '{"user_id":"cid"}';
    const auth = signSubscription(acme, await third.socketId(), 'presence-room', member);
    third.subscribe('presence-room', { auth, channel_data: member });
    expect((await third.next('pusher:subscription_error')).data).toEqual({
      type: 'LimitReached',
      error: expect.any(String),
      status: 403,
    });
    await trigger('presence-room', 'published');
    await third.settled();
    expect(named(third, 'published')).toEqual([]);
    expect(await server.gateway.api.channel(1, 'presence-room', ['user_count'])).toMatchObject({
      user_count: 2,
    });
  });
});

describe('a cache channel', () => {
  it('keeps the last event for half an hour', async () => {
    const clock = holdClock();
    server = await startGateway();
    // What is kept from zero on never expires.
    clock.pass(1);
    await trigger('cache-rates', 'rate', { usd: 1 });
    clock.pass(cacheMs - 10_000);
    const inTime = await listen(server, 'cache-rates');
    expect((await inTime.next('rate')).data).toEqual({ usd: 1 });
    clock.pass(20_000);
    await (await listen(server, 'cache-rates')).next('pusher:cache_miss');
    expect(cacheMs).toBe(30 * 60_000);
  });

  it('does not keep client events', async () => {
    server = await startGateway();
    const [sender, other] = [
      await listenSigned('private-cache-rates'),
      await listenSigned('private-cache-rates'),
    ];
    sender.send({ event: 'client-guess', channel: 'private-cache-rates', data: { usd: 2 } });
    await other.next('client-guess');
    const late = await listenSigned('private-cache-rates');
    await late.next('pusher:cache_miss');
    expect(named(late, 'client-guess')).toEqual([]);
  });
});

describe('the subscriber count', () => {
  it('is sent at every change up to a hundred, and beyond that every five seconds', async () => {
    server = await startGateway();
    vi.useFakeTimers();
    const received: number[] = [];
    const notifier = new CountNotifier({
      publish: async (messages) => {
        for (const message of messages) {
          if ('data' in message) received.push(JSON.parse(message.data).subscription_count);
        }
      },
    });
    for (const count of [99, 100, 101, 102, 103]) notifier.changed(1, 'updates', count);
    expect(received.splice(0)).toEqual([99, 100, 101]);
    vi.advanceTimersByTime(5_000);
    expect(received.splice(0)).toEqual([103]);
    notifier.changed(1, 'updates', 104);
    notifier.changed(1, 'other', 150);
    expect(received.splice(0)).toEqual([150]);
    // Few subscribers again: the count is sent immediately, and the waiting one is discarded.
    notifier.changed(1, 'updates', 50);
    vi.advanceTimersByTime(60_000);
    expect(received.splice(0)).toEqual([50]);
    notifier.stop();
  });
});

describe('pusher-js', () => {
  it('reconnects after a second to a server at capacity', async () => {
    server = await startGateway({ config: { maxConnections: 1 } });
    const first = server.raw();
    await first.socketId();
    const pusher = server.pusher();
    const comesBackIn = nextEvent<number>(pusher.connection, 'connecting_in');
    expect(await comesBackIn).toBe(1);
    first.ws.close();
    await expect.poll(() => pusher.connection.state).toBe('connected');
  });

  it.each([
    [4001, 'unknown'],
    [4003, 'gone'],
  ])('does not reconnect after %i', async (code, key) => {
    server = await startGateway();
    const pusher = server.pusher({ key });
    const { error } = await nextEvent<{ error: { data: { code: number } } }>(pusher.connection, 'error');
    expect(error.data.code).toBe(code);
    await expect.poll(() => pusher.connection.state).toBe('disconnected');
  });

  it('does not reconnect when its user’s connections were terminated', async () => {
    server = await startGateway();
    const pusher = server.pusher({ as: 'ann' });
    pusher.signin();
    await pusher.user.signinDonePromise;
    await server.gateway.api.terminateUser(1, 'customer-11');
    await expect.poll(() => pusher.connection.state).toBe('disconnected');
    await expect.poll(() => server.gateway.inspect().connections).toBe(0);
    expect(pusher.connection.state).toBe('disconnected');
  });
});

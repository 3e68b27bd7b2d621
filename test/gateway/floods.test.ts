import { once } from 'node:events';
import PusherServer from 'pusher';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { signSubscription, signUser } from '../../packages/server/src/broadcast/access/auth-signature.ts';
import { acme, RawClient, startGateway, type TestGateway } from '../support/gateway.ts';
import { join, listen } from '../support/gateway-clients.ts';
import { startHttp, type TestHttp } from '../support/http.ts';
import { handshakeRequest, openRaw, openSilent, RawSocket } from '../support/raw-socket.ts';
import {
  app,
  appEnv,
  cleanUp,
  type RunningServer,
  startServer,
  temporaryDatabase,
} from '../support/server.ts';

const mebibyte = 1_048_576;

describe('a real server', () => {
  let server: RunningServer;
  let port: number;
  let backEnd: PusherServer;
  let neighbour: RawClient;
  let memoryBefore: number;
  let sequence = 0;
  const clients: RawClient[] = [];
  const sockets: RawSocket[] = [];

  beforeAll(async () => {
    const { url } = await temporaryDatabase();
    server = await startServer({ ...appEnv, DATABASE_URL: url });
    port = Number(new URL(server.url).port);
    backEnd = new PusherServer({
      appId: String(app.id),
      key: app.key,
      secret: app.secret,
      host: '127.0.0.1',
      port: String(port),
      useTLS: false,
    });
    neighbour = await connectSubscriber('updates');
    await expectServed();
    memoryBefore = await metric('process_resident_memory_bytes');
  });
  afterAll(async () => {
    neighbour.ws.terminate();
    await cleanUp();
  });

  /** A client that was connected before is still served in order, nothing leaks, and memory is bounded. */
  afterEach(async () => {
    await expectServed();
    for (const client of clients.splice(0)) client.ws.terminate();
    for (const { socket } of sockets.splice(0)) socket.destroy();
    await expect.poll(() => metric('mevrik_connections')).toBe(1);
    expect(await grown()).toBeLessThan(300);
  });

  /** A metric of the server's process, summed over its labels. */
  async function metric(name: string): Promise<number> {
    const { body } = await server.call('GET', '/metrics');
    const lines = String(body)
      .split('\n')
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
    if (lines.length === 0) throw new Error(`The server has no metric ${name}`);
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  /** How much memory the server has gained since the start, in MiB. */
  async function grown(): Promise<number> {
    return ((await metric('process_resident_memory_bytes')) - memoryBefore) / mebibyte;
  }

  function connect(): RawClient {
    return new RawClient(`ws://127.0.0.1:${port}/app/${app.key}?protocol=7`);
  }

  async function connectSubscriber(channel: string): Promise<RawClient> {
    const client = connect();
    const auth = signSubscription(app, await client.socketId(), channel);
    client.subscribe(channel, channel.startsWith('private-') ? { auth } : {});
    await client.next('pusher_internal:subscription_succeeded');
    return client;
  }

  async function expectServed(): Promise<void> {
    for (let at = 0; at < 20; at += 1) {
      sequence += 1;
      await backEnd.trigger('updates', 'published', { sequence });
      expect((await neighbour.next('published')).data).toEqual({ sequence });
    }
  }

  const crowd = async (size: number, channel: string) => {
    const made = await Promise.all(Array.from({ length: size }, () => connectSubscriber(channel)));
    clients.push(...made);
    return made;
  };

  it('disconnects a client that subscribes to ten thousand channels', async () => {
    const client = connect();
    clients.push(client);
    await client.socketId();
    for (let at = 0; at < 10_000; at += 1) client.subscribe(`flood-${at}`);
    expect((await client.closed).code).toBe(4100);
    await expect.poll(() => metric('mevrik_connections')).toBe(1);
    const { channels } = (await (await backEnd.get({ path: '/channels' })).json()) as { channels: object };
    expect(Object.keys(channels)).toEqual(['updates']);
  });

  it('disconnects a client that floods the others with events', async () => {
    const subscribers = await crowd(50, 'private-room');
    const [sender] = await crowd(1, 'private-room');
    for (let at = 0; at < 20_000; at += 1) {
      sender?.send({ event: 'client-typing', channel: 'private-room', data: { at } });
    }
    expect((await sender?.closed)?.code).toBe(4100);
    await Promise.all(subscribers.map((subscriber) => subscriber.settled()));
    for (const { frames } of subscribers) {
      const received = frames
        .filter(({ event }) => event === 'client-typing')
        .map(({ data }) => data as { at: number });
      expect(received.length).toBeGreaterThanOrEqual(10);
      // Ten of each hundred, beyond the burst: no machine is so slow that more get through.
      expect(received.length).toBeLessThan(2_000);
      expect(received).toEqual([...received].sort((a, b) => a.at - b.at));
    }
  });

  it('disconnects a hundred clients that never read, while a hundred others receive everything in order', async () => {
    const subscribers = await crowd(100, 'feed');
    for (let at = 0; at < 100; at += 1) {
      const deaf = await openRaw(port, `/app/${app.key}?protocol=7`);
      sockets.push(deaf);
      deaf.say('pusher:subscribe', { data: { channel: 'feed' } });
      await deaf.event('pusher_internal:subscription_succeeded');
      deaf.socket.pause();
    }
    const filling = 'x'.repeat(10_000);
    let sentCount = 0;
    for (; (await metric('mevrik_connections')) > 101 && sentCount < 3_000; sentCount += 100) {
      for (let batch = 0; batch < 10; batch += 1) {
        const events = Array.from({ length: 10 }, (_, at) => ({
          channel: 'feed',
          name: 'published',
          data: { at: sentCount + batch * 10 + at, filling },
        }));
        await backEnd.triggerBatch(events);
      }
      await Promise.all(subscribers.map((subscriber) => subscriber.settled()));
      // A mebibyte for each client that does not read, doubled.
      expect(await grown()).toBeLessThan(400);
    }
    expect(await metric('mevrik_connections')).toBe(101);
    const expected = Array.from({ length: sentCount }, (_, at) => at);
    for (const { frames } of subscribers) {
      const received = frames
        .filter(({ event }) => event === 'published')
        .map(({ data }) => (data as { at: number }).at);
      expect(received).toEqual(expected);
    }
  });

  it('survives a thousand idle connections from one address', async () => {
    for (let at = 0; at < 20; at += 1) {
      const some = Array.from({ length: 50 }, () => openRaw(port, `/app/${app.key}?protocol=7`));
      sockets.push(...(await Promise.all(some)));
    }
    expect(await metric('mevrik_connections')).toBe(1_001);
    expect(await grown()).toBeLessThan(300);
  });

  it('survives five hundred connections that send nothing or half a handshake', async () => {
    const request = handshakeRequest();
    for (let at = 0; at < 500; at += 1) {
      const silent = await openSilent(port);
      sockets.push(silent);
      if (at % 2 === 0) silent.write(request.slice(0, at % request.length));
    }
    expect(await metric('mevrik_connections')).toBe(1);
  });

  it('survives thousands of clients that connect and disconnect at once', async () => {
    const path = `/app/${app.key}?protocol=7`;
    const loops = Array.from({ length: 50 }, async (_, lane) => {
      for (let at = 0; at < 60; at += 1) {
        const client = new RawSocket(port);
        client.write(handshakeRequest({}, { path }));
        // Some leave before the response, some after the greeting, some in the middle of a subscription.
        if ((at + lane) % 3 > 0) await client.event('pusher:connection_established');
        if ((at + lane) % 3 > 1) client.say('pusher:subscribe', { data: { channel: `passing-${at}` } });
        if (at % 2 === 0) client.socket.destroy();
        else client.socket.end();
        if (!client.socket.closed) await once(client.socket, 'close');
      }
    });
    await Promise.all(loops);
    await expect.poll(() => metric('mevrik_connections')).toBe(1);
    const { channels } = (await (await backEnd.get({ path: '/channels' })).json()) as { channels: object };
    expect(Object.keys(channels)).toEqual(['updates']);
  });

  it('survives many clients that join and leave one channel over and over', async () => {
    const hoppers = await crowd(100, 'hop');
    for (const hopper of hoppers) {
      for (let at = 0; at < 400; at += 1) {
        hopper.send({ event: 'pusher:unsubscribe', data: { channel: 'hop' } });
        hopper.subscribe('hop');
      }
    }
    await Promise.all(hoppers.map((hopper) => hopper.settled()));
    await backEnd.trigger('hop', 'still there', {});
    await Promise.all(hoppers.map((hopper) => hopper.next('still there')));
    for (const hopper of hoppers) {
      const received = hopper.frames.filter(({ event }) => event === 'still there');
      expect(received).toHaveLength(1);
    }
  });
});

describe('a gateway', () => {
  let server: TestGateway;
  afterEach(() => server.stop());

  it('closes silent connections, at the TCP level too if the client does not answer', async () => {
    server = await startGateway({
      config: { activityTimeoutSeconds: 0.3, pongTimeoutSeconds: 0.3, closeTimeoutMs: 200 },
    });
    const silent = Array.from({ length: 200 }, () => new RawSocket(server.port, { allowHalfOpen: true }));
    for (const client of silent) client.write(handshakeRequest());
    const codes = await Promise.all(silent.map((client) => client.closeCode()));
    expect(new Set(codes)).toEqual(new Set([4201]));
    await expect.poll(() => server.gateway.inspect().connections).toBe(0);
    for (const { socket } of silent) socket.destroy();
  });

  it('accepts member ids and data only up to the limits', async () => {
    server = await startGateway({ config: { maxPresenceMembers: 500 } });
    const member = (id: string | number, info: unknown) => JSON.stringify({ user_id: id, user_info: info });
    const refused = [
      member('a', 'x'.repeat(1_300)),
      member('a', 'é'.repeat(640)),
      member('u'.repeat(129), null),
      member('', null),
      '{"user_id":{"toString":1}}',
      '{"user_id":null}',
      '[]',
      'null',
    ];
    const client = server.raw();
    const socketId = await client.socketId();
    for (const channelData of refused) {
      const auth = signSubscription(acme, socketId, 'presence-x', channelData);
      client.subscribe('presence-x', { auth, channel_data: channelData });
      expect((await client.next('pusher:subscription_error')).data).toMatchObject({ status: 400 });
    }
    // The last member receives the data of all members, each as large as allowed.
    const ids: string[] = [];
    for (let at = 0; at < 150; at += 1) {
      const each = server.raw();
      const channelData = member(`member-${at}`, 'x'.repeat(1_200));
      const auth = signSubscription(acme, await each.socketId(), 'presence-x', channelData);
      each.subscribe('presence-x', { auth, channel_data: channelData });
      const { data } = await each.next('pusher_internal:subscription_succeeded');
      ids.push(`member-${at}`);
      expect((data as { presence: { ids: string[] } }).presence.ids).toEqual(ids);
    }
  });

  it('survives deeply nested data', async () => {
    server = await startGateway();
    const deepList = `${'['.repeat(15_000)}${']'.repeat(15_000)}`;
    const deepObject = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`;
    const channel = 'private-x';
    const [sender, other] = [server.raw(), server.raw()];
    for (const client of [sender, other]) {
      client.subscribe(channel, { auth: signSubscription(acme, await client.socketId(), channel) });
      await client.next('pusher_internal:subscription_succeeded');
    }
    for (const deep of [deepList, deepObject]) {
      for (const event of ['pusher:subscribe', 'pusher:unsubscribe', 'pusher:unknown', 'client-x']) {
        sender.send(`{"event":"${event}","channel":"${channel}","data":${deep}}`);
        await sender.settled();
      }
      sender.send(deep);
      sender.send({ event: 'client-x', channel, data: deep.slice(0, 10_000) });
      await sender.settled();
    }
    await other.settled();
    expect(server.loggedErrors).toEqual([]);
  });

  it('treats names of prototype properties as ordinary names', async () => {
    server = await startGateway();
    const names = ['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString'];
    const client = server.raw();
    const socketId = await client.socketId();
    for (const name of names) {
      const subscriber = await listen(server, name);
      await server.gateway.api.trigger(1, { channel: name, name, data: `"${name}"` });
      expect(await subscriber.next(name)).toMatchObject({ channel: name, data: name });
      const others = server.raw();
      expect(await join(others, name, 'presence-odd')).toContain(name);
      const { users } = await server.gateway.api.users(1, 'presence-odd');
      expect(users).toContainEqual({ id: name });
      client.send(`{"event":"${name}","channel":"${name}","data":{"${name}":{"polluted":true}}}`);
      client.send(`{"event":"pusher:subscribe","data":{"${name}":{"channel":"sneaked"}}}`);
      client.send(`{"event":"pusher:subscribe","${name}":{"data":{"channel":"sneaked"}}}`);
    }
    const userData =
      '{"id":"__proto__","__proto__":{"polluted":true},"user_info":{"constructor":{"prototype":{}}}}';
    client.send({
      event: 'pusher:signin',
      data: { auth: signUser(acme, socketId, userData), user_data: userData },
    });
    await client.next('pusher:signin_success');
    await client.settled();
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
    expect(server.gateway.inspect().topics.map(({ name }) => name)).not.toContain('sneaked');
    const { channels } = await server.gateway.api.channels(1, { prefix: '', info: [] });
    expect(Object.keys(channels).sort()).toEqual([...names, 'presence-odd'].sort());
    expect(server.loggedErrors).toEqual([]);
  });
});

describe('a handshake that arrives byte by byte', () => {
  let http: TestHttp;
  afterEach(() => http.stop());

  it('is cut off when it takes too long, as is a connection that sends nothing', async () => {
    http = await startHttp({ timeouts: { headersMs: 300, requestMs: 400, checkMs: 50 } });
    const { port } = new URL(http.url);
    const silent = await openSilent(Number(port));
    const slow = Array.from({ length: 20 }, () => new RawSocket(Number(port)));
    const drips = slow.map((client) => {
      const text = handshakeRequest({ Cookie: 'x'.repeat(4_000) });
      let at = 0;
      return setInterval(() => client.write(text.charAt(at++)), 20);
    });
    await Promise.all([silent, ...slow].map((client) => client.ended));
    for (const drip of drips) clearInterval(drip);
    for (const client of slow) expect(client.status).toBe(408);
    await http.visit();
  });

  it('times out after fifteen seconds at most', async () => {
    http = await startHttp();
    const { headersTimeout, requestTimeout } = http.server.server;
    expect(headersTimeout).toBeLessThanOrEqual(15_000);
    expect(requestTimeout, 'with a file in it').toBeLessThanOrEqual(60_000);
  });
});

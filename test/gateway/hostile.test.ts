import { once } from 'node:events';
import { userOnlineChannelName } from '@mevrik/protocol';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { signSubscription, signUser } from '../../packages/server/src/broadcast/access/auth-signature.ts';
import { createLocalBus } from '../../packages/server/src/broadcast/bus/bus.ts';
import { acme, type RawClient, startGateway, type TestGateway } from '../support/gateway.ts';

let server: TestGateway;
afterEach(() => server.stop());

const publish = (topic: string, payload: Record<string, unknown> = {}) =>
  server.gateway.publish([{ appId: 1, topic, event: 'message_post', payload }]);

/** Another client is served as if nothing had happened. */
async function expectUnharmed(): Promise<void> {
  const other = server.raw();
  await other.socketId();
  other.subscribe('messages');
  await other.next('pusher_internal:subscription_succeeded');
  await publish('messages', { fine: true });
  expect((await other.next('message_post')).data).toEqual({ fine: true });
  expect(server.loggedErrors).toEqual([]);
}

describe('a handshake', () => {
  it.each([
    ['/app/unknown?protocol=7', 4001],
    ['/app/gone?protocol=7', 4003],
    ['/app/acme?protocol=seven', 4006],
    ['/app/acme?protocol=4', 4007],
    ['/app/acme?protocol=8', 4007],
    ['/app/acme', 4008],
  ])('%s is rejected with %i', async (address, code) => {
    server = await startGateway();
    const client = server.raw(address);
    expect((await client.next('pusher:error')).data).toMatchObject({ code });
    expect((await client.closed).code).toBe(code);
  });

  it.each(['/', '/apps/acme?protocol=7', '//app/acme'])('to %s is answered 404', async (address) => {
    server = await startGateway();
    const { ws } = server.raw(address);
    const [, response] = (await once(ws, 'unexpected-response')) as [unknown, { statusCode: number }];
    expect(response.statusCode).toBe(404);
  });

  it('beyond capacity is rejected with 4100', async () => {
    server = await startGateway({ config: { maxConnections: 2 } });
    await server.raw().socketId();
    await server.raw().socketId();
    const third = server.raw();
    expect((await third.closed).code).toBe(4100);
  });
});

describe('a frame', () => {
  it('without meaning is answered with an error and has no other effect', async () => {
    server = await startGateway();
    const client = server.raw();
    await client.socketId();
    for (const text of ['', '{', 'null', '[]', '"x"', '7', '{"event":7}', '{"data":{}}', '{"event":""}']) {
      client.send(text);
      expect((await client.next('pusher:error')).data).toMatchObject({ code: null });
    }
    client.ws.send(Buffer.from('{"event":"pusher:ping"}'), { binary: true });
    await client.next('pusher:error');
    await client.settled();
    await expectUnharmed();
  });

  it.each([
    { event: 'pusher:subscribe' },
    { event: 'pusher:subscribe', data: null },
    { event: 'pusher:subscribe', data: '{' },
    { event: 'pusher:subscribe', data: { channel: { toString: 1 } } },
    { event: 'pusher:unknown', data: {} },
    { event: 'message_post', channel: 'messages', data: {} },
    { event: 'pusher_internal:subscription_succeeded', channel: 'messages', data: {} },
  ])('$event with $data is answered with an error', async (frame) => {
    server = await startGateway();
    const client = server.raw();
    await client.socketId();
    client.send(frame);
    await client.next('pusher:error');
    await client.settled();
    await expectUnharmed();
  });

  it('of any shape leaves the gateway running', async () => {
    server = await startGateway({ config: { maxMessagesPerSecond: 1e6 } });
    const client = server.raw();
    await client.socketId();
    const event = fc.oneof(
      fc.constantFrom('subscribe', 'unsubscribe', 'signin', 'ping', 'pong').map((name) => `pusher:${name}`),
      fc.constantFrom('client-x', '__proto__', 'pusher:'),
      fc.string(),
    );
    const channel = fc.constantFrom(
      'messages',
      'private-x',
      'presence-x',
      '__proto__',
      '#server-to-user-1',
      'a b',
    );
    const text = fc.oneof(fc.string(), fc.constantFrom('null', '{}', '{"user_id":1}', '{"id":7}'));
    const data = fc.oneof(
      fc.jsonValue(),
      fc.record({
        channel: fc.oneof(channel, fc.jsonValue()),
        auth: text,
        channel_data: text,
        user_data: text,
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.record({ event, channel: fc.option(channel), data }), async (frame) => {
        if (frame.event === 'pusher:signin') return;
        client.send(frame);
        await client.settled();
      }),
      { numRuns: 300 },
    );
    await expectUnharmed();
  });

  it('that is too large or not UTF-8 closes that connection only', async () => {
    server = await startGateway({ config: { maxMessageBytes: 1_000 } });
    const large = server.raw();
    await large.socketId();
    large.send('x'.repeat(1_001));
    expect((await large.closed).code).toBe(1009);
    const crooked = server.raw();
    await crooked.socketId();
    crooked.ws.send(Buffer.from([0xc3, 0x28]), { binary: false });
    expect((await crooked.closed).code).toBe(1007);
    await expectUnharmed();
  });

  it('in fragments is assembled; with too many fragments it closes the connection', async () => {
    server = await startGateway();
    const client = server.raw();
    await client.socketId();
    for (const [at, part] of ['{"event":"pu', 'sher:pi', 'ng"}'].entries())
      client.ws.send(part, { fin: at === 2 });
    await client.next('pusher:pong');
    for (let at = 0; at < 500; at += 1) client.ws.send('', { fin: false });
    expect((await client.closed).code).toBe(1008);
    await expectUnharmed();
  });
});

describe('a subscription', () => {
  it.each([
    ['a b', 400],
    ['#x', 400],
    ['private-', 400],
    ['x'.repeat(201), 400],
    ['', 400],
    ['session1', 403],
    ['queues', 403],
    ['agentlive', 403],
    ['#server-to-user-customer-11', 403],
    ['private-session1', 401],
    ['presence-session1', 401],
    ['private-encrypted-x', 401],
  ])('to %s by a stranger is rejected with %i', async (channel, status) => {
    server = await startGateway();
    const client = server.raw();
    await client.socketId();
    client.subscribe(channel);
    const error = await client.next('pusher:subscription_error');
    expect(error).toMatchObject({ channel, data: { status } });
    await publish('session1');
    await client.settled();
    expect(client.frames.filter(({ event }) => event === 'message_post')).toEqual([]);
  });

  it('with a signature for another socket, channel, app or member is rejected', async () => {
    server = await startGateway();
    const client = server.raw();
    const id = await client.socketId();
    const member = '{"user_id":"1"}';
    const rival = { key: 'rival', secret: 'rival-secret' };
    const attempts = [
      { channel: 'private-session1', auth: signSubscription(acme, '1.1', 'private-session1') },
      { channel: 'private-session1', auth: signSubscription(acme, id, 'private-session2') },
      { channel: 'private-session1', auth: signSubscription(rival, id, 'private-session1') },
      {
        channel: 'private-session1',
        auth: signSubscription({ ...acme, secret: '' }, id, 'private-session1'),
      },
      { channel: 'private-session1', auth: signSubscription(acme, id, 'private-session1').slice(0, -1) },
      {
        channel: 'presence-session1',
        auth: signSubscription(acme, id, 'presence-session1', member),
        channel_data: '{"user_id":"2"}',
      },
      { channel: 'presence-session1', auth: signSubscription(acme, id, 'presence-session1') },
      {
        channel: 'presence-session1',
        auth: signSubscription(acme, id, 'presence-session1', '{}'),
        channel_data: '{}',
      },
    ];
    for (const attempt of attempts) {
      client.send({ event: 'pusher:subscribe', data: attempt });
      await client.next('pusher:subscription_error');
    }
    expect(server.gateway.inspect().topics).toEqual([]);
    expect(server.audited.map(({ target }) => target)).toEqual(['private-session1', 'presence-session1']);
  });

  it('counts towards a limit, and a repeated name counts once', async () => {
    server = await startGateway({ config: { maxChannelsPerConnection: 3, maxMessagesPerSecond: 1e6 } });
    const client = server.raw();
    await client.socketId();
    client.subscribe('one');
    client.subscribe('one');
    await client.next('pusher_internal:subscription_succeeded');
    await client.next('pusher:error');
    for (let at = 0; at < 10_000; at += 1) client.subscribe(`flood-${at}`);
    // The client may not read so many errors in time: then it is disconnected.
    await Promise.race([client.settled(), client.closed]);
    expect(server.gateway.inspect().topics.length).toBeLessThanOrEqual(3);
    await expectUnharmed();
  });

  it('that cannot be checked is rejected with 503 and can be retried', async () => {
    const asked: number[] = [];
    const sessionOwner = async (id: number) => {
      if (asked.push(id) === 1) throw new Error('the database is gone');
      return { appId: 1, customerId: 11 };
    };
    server = await startGateway({ facts: { sessionOwner, caseOwner: async () => undefined } });
    const client = server.raw();
    await signInAs(client, '{"id":"customer-11","mevrik":{"role":"customer","customerId":11}}');
    client.subscribe('session1');
    expect((await client.next('pusher:subscription_error')).data).toMatchObject({ status: 503 });
    client.subscribe('session1');
    await client.next('pusher_internal:subscription_succeeded');
  });

  it('leaves nothing behind when the connection closes immediately', async () => {
    const [underWay, gate] = [newGate(), newGate()];
    const sessionOwner = async () => {
      underWay.open();
      await gate.opened;
      return { appId: 1, customerId: 11 };
    };
    server = await startGateway({ facts: { sessionOwner, caseOwner: async () => undefined } });
    const client = server.raw();
    await signInAs(client, '{"id":"customer-11","mevrik":{"role":"customer","customerId":11}}');
    client.subscribe('session1');
    await underWay.opened;
    client.ws.terminate();
    gate.open();
    await expect.poll(() => server.gateway.inspect()).toEqual({ connections: 0, topics: [] });
  });
});

describe('a member', () => {
  it('who is disconnected while joining is removed', async () => {
    const { bus, underWay, gate, joined } = gatedPresence();
    server = await startGateway({ bus });
    const client = server.raw();
    const member = '{"user_id":"u1"}';
    const auth = signSubscription(acme, await signInAs(client, '{"id":"u1"}'), 'presence-x', member);
    client.subscribe('presence-x', { auth, channel_data: member });
    await underWay.opened;
    await server.gateway.api.terminateUser(1, 'u1');
    await expect.poll(() => server.gateway.inspect()).toEqual({ connections: 0, topics: [] });
    gate.open();
    await joined.opened;
    await expect
      .poll(async () => [...(await bus.presence.members(1, 'presence-x')).members.keys()])
      .toEqual([]);
  });
});

/** A bus on which no client can join presence channels until the gate is opened. */
function gatedPresence() {
  const local = createLocalBus();
  const [underWay, gate, joined] = [newGate(), newGate(), newGate()];
  const join: typeof local.presence.join = async (...args) => {
    underWay.open();
    await gate.opened;
    const result = await local.presence.join(...args);
    joined.open();
    return result;
  };
  const bus = { ...local, presence: { ...local.presence, join } };
  return { bus, underWay, gate, joined };
}

function newGate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

/** Returns the connection's socket id. */
async function signInAs(client: RawClient, userData: string): Promise<string> {
  const socketId = await client.socketId();
  const auth = signUser(acme, socketId, userData);
  client.send({ event: 'pusher:signin', data: { auth, user_data: userData } });
  await client.next('pusher:signin_success');
  return socketId;
}

describe('signing in', () => {
  it.each([
    [
      'a wrong signature',
      (id: string) => ({ auth: signUser(acme, `${id}1`, '{"id":"1"}'), user_data: '{"id":"1"}' }),
    ],
    ['no user', (id: string) => ({ auth: signUser(acme, id, '{}'), user_data: '{}' })],
    ['text that is not JSON', (id: string) => ({ auth: signUser(acme, id, '{'), user_data: '{' })],
    ['nothing', () => undefined],
  ])('with %s closes the connection with 4009', async (_what, dataFor) => {
    server = await startGateway();
    const client = server.raw();
    client.send({ event: 'pusher:signin', data: dataFor(await client.socketId()) });
    expect((await client.closed).code).toBe(4009);
  });

  it('opens the channel of that user only', async () => {
    server = await startGateway();
    const client = server.raw();
    await signInAs(client, '{"id":"u1"}');
    client.subscribe('#server-to-user-u2');
    await client.next('pusher:subscription_error');
    client.subscribe('#server-to-user-u1');
    await client.next('pusher_internal:subscription_succeeded');
    client.subscribe('queues');
    await client.next('pusher:subscription_error');
  });

  it('leaves no user online who disconnected before the sign-in completed', async () => {
    const { bus, underWay, gate, joined } = gatedPresence();
    server = await startGateway({ bus });
    const client = server.raw();
    await signInAs(client, '{"id":"u1"}');
    await underWay.opened;
    client.ws.terminate();
    await expect.poll(() => server.gateway.inspect().connections).toBe(0);
    gate.open();
    await joined.opened;
    const online = async () => (await bus.presence.members(1, userOnlineChannelName('u1'))).members;
    await expect.poll(online).toEqual(new Map());
  });

  it('as staff of another app, by its back end, opens none of our topics', async () => {
    server = await startGateway();
    const client = server.raw('/app/rival?protocol=7');
    const userData = '{"id":"agent-8","mevrik":{"role":"admin","agentId":8}}';
    const rival = { key: 'rival', secret: 'rival-secret' };
    const auth = signUser(rival, await client.socketId(), userData);
    client.send({ event: 'pusher:signin', data: { auth, user_data: userData } });
    await client.next('pusher:signin_success');
    client.subscribe('session1');
    await client.next('pusher:subscription_error');
    client.subscribe('queues');
    await client.next('pusher_internal:subscription_succeeded');
    await publish('queues');
    await client.settled();
    expect(client.frames.filter(({ event }) => event === 'message_post')).toEqual([]);
  });
});

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ProblemError, type UserId } from '@mevrik/protocol';
import { createClient } from '@redis/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { signSubscription } from '../../packages/server/src/broadcast/access/auth-signature.ts';
import { noHistory } from '../../packages/server/src/broadcast/bus/history.ts';
import { createRedisBus } from '../../packages/server/src/broadcast/bus/redis-bus.ts';
import { acme, people, quiet, RawClient, startGateway, type TestGateway } from '../support/gateway.ts';
import { killHard, startProcess } from '../support/processes.ts';
import { heartbeatMs, startRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

let one: TestGateway;
let two: TestGateway;
/** Tokens that have expired. */
const expired = new Set<string>();
const startNode = () =>
  startGateway({
    bus: createRedisBus({ url: redis.url, log: quiet, history: noHistory, heartbeatMs }),
    config: { recheckMs: 20 },
    authenticate: async (header = '') => {
      if (expired.has(header)) throw new ProblemError('token_expired', 'Refresh it.');
      return people.agent;
    },
  });
beforeEach(async () => {
  [one, two] = await Promise.all([startNode(), startNode()]);
});
afterEach(() => Promise.all([one.stop(), two.stop()]));

async function listen(node: TestGateway, channel: string): Promise<RawClient> {
  const client = node.raw();
  await client.socketId();
  client.subscribe(channel);
  await client.next('pusher_internal:subscription_succeeded');
  return client;
}

async function join(client: RawClient, userId: UserId, channel = 'presence-queues'): Promise<unknown> {
  const channelData = JSON.stringify({ user_id: userId, user_info: { name: String(userId) } });
  const auth = signSubscription(acme, await client.socketId(), channel, channelData);
  client.subscribe(channel, { auth, channel_data: channelData });
  const { data } = await client.next('pusher_internal:subscription_succeeded');
  return (data as { presence: { ids: string[] } }).presence.ids.sort();
}

const publish = (node: TestGateway, topic: string, payload: Record<string, unknown>, more: object = {}) =>
  node.gateway.publish([{ appId: 1, topic, event: 'message_post', payload, ...more }]);

/** Both nodes reach each other: a message is repeated until it arrives. */
async function expectConnected(): Promise<void> {
  const [here, there] = [await listen(one, 'bridge'), await listen(two, 'bridge')];
  await expect
    .poll(async () => {
      await publish(one, 'bridge', { from: 1 });
      await publish(two, 'bridge', { from: 2 });
      const seen = (client: RawClient, from: number) =>
        client.frames.some(({ data }) => (data as { from?: number })?.from === from);
      return seen(here, 2) && seen(there, 1);
    })
    .toBe(true);
}

describe('two nodes on one Redis', () => {
  it('serve the clients of both: each message once, in order, and not to the socket that caused it', async () => {
    await expectConnected();
    const [here, there] = [await listen(one, 'messages'), await listen(two, 'messages')];
    const cause = two.raw();
    const socketId = await cause.socketId();
    cause.subscribe('messages');
    await cause.next('pusher_internal:subscription_succeeded');
    for (let at = 0; at < 200; at += 1) await publish(one, 'messages', { at }, { exceptSocketId: socketId });
    await publish(one, 'messages', { at: 'end' });
    for (const client of [here, there]) {
      for (let at = 0; at < 200; at += 1) expect((await client.next('message_post')).data).toEqual({ at });
    }
    expect((await cause.next('message_post')).data).toEqual({ at: 'end' });
  });

  it('subscribe only to topics with local subscribers', async () => {
    await expectConnected();
    const client = await createClient({ url: redis.url }).connect();
    const heardIn = async () => (await client.pubSubChannels('mevrik:1:s*')).sort();
    const listener = await listen(one, 'shop-1');
    await listen(two, 'shop-2');
    expect(await heardIn()).toEqual(['mevrik:1:shop-1', 'mevrik:1:shop-2']);
    listener.ws.close();
    await expect.poll(heardIn).toEqual(['mevrik:1:shop-2']);
    client.destroy();
  });

  it('count a user once, whichever nodes the connections are on', async () => {
    await expectConnected();
    const [watcher, first, second] = [one.raw(), one.raw(), two.raw()];
    expect(await join(watcher, 'w')).toEqual(['w']);
    expect(await join(first, 'u')).toEqual(['u', 'w']);
    expect(await join(second, 'u')).toEqual(['u', 'w']);
    first.ws.close();
    await first.closed;
    second.ws.close();
    await watcher.next('pusher_internal:member_removed');
    await watcher.settled();
    const received = watcher.frames.filter(({ event }) => event.startsWith('pusher_internal:member'));
    expect(received.map(({ event, data }) => [event, (data as { user_id: string }).user_id])).toEqual([
      ['pusher_internal:member_added', 'u'],
      ['pusher_internal:member_removed', 'u'],
    ]);
  });

  it('show a user who moves between them as gone or there in turn, and in the end as listed', async () => {
    await expectConnected();
    const watchers = [one.raw(), two.raw()];
    for (const [at, watcher] of watchers.entries()) await join(watcher, `watcher-${at}`);
    let moving = one.raw();
    await join(moving, 'u');
    for (let round = 1; round <= 40; round += 1) {
      const next = [one, two][round % 2]?.raw();
      if (!next) throw new Error('There are two nodes.');
      await next.opened();
      moving.send({ event: 'pusher:unsubscribe', data: { channel: 'presence-queues' } });
      await join(next, 'u');
      moving = next;
    }
    await join(one.raw(), 'end');
    for (const watcher of watchers) {
      const changes = () =>
        watcher.frames
          .filter(({ event }) => event.startsWith('pusher_internal:member'))
          .map(({ event, data }) => ({ event, userId: (data as { user_id: string }).user_id }));
      await expect.poll(() => changes().at(-1)?.userId).toBe('end');
      const ofUser = changes().flatMap(({ event, userId }) => (userId === 'u' ? [event] : []));
      const inTurn = ofUser.map(
        (_, at) => `pusher_internal:${at % 2 === 0 ? 'member_added' : 'member_removed'}`,
      );
      expect(ofUser).toEqual(inTurn);
      expect(ofUser.at(-1)).toBe('pusher_internal:member_added');
    }
    expect(await one.gateway.api.users(1, 'presence-queues')).toMatchObject({
      users: expect.arrayContaining([{ id: 'u' }]),
    });
  });

  it('keep the id of a user that is a number', async () => {
    await expectConnected();
    const [watcher, member] = [one.raw(), two.raw()];
    await join(watcher, 'w');
    expect(await join(member, 42)).toEqual([42, 'w']);
    expect((await watcher.next('pusher_internal:member_added')).data).toMatchObject({ user_id: 42 });
    expect((await one.gateway.api.users(1, 'presence-queues')).users).toContainEqual({ id: '42' });
    member.ws.close();
    expect((await watcher.next('pusher_internal:member_removed')).data).toEqual({ user_id: 42 });
  });

  it("forward client events with the sender's id", async () => {
    await expectConnected();
    const [sender, other] = [one.raw(), two.raw()];
    await join(sender, 'a');
    await join(other, 'b');
    sender.send({ event: 'client-typing', channel: 'presence-queues', data: { on: true } });
    expect(await other.next('client-typing')).toMatchObject({ data: { on: true }, user_id: 'a' });
  });
});

describe('an authorization signed by one node for a connection on the other', () => {
  const sign = async (node: TestGateway, socketId: string, token: string) => {
    const body = JSON.stringify({ socket_id: socketId, channel_name: 'private-queues' });
    const headers = { 'content-type': 'application/json', authorization: token };
    const response = await fetch(`${node.url}/broadcasting/auth`, { method: 'POST', body, headers });
    return (await response.json()) as Record<string, unknown>;
  };

  it('is checked on the node of the connection, with the newest token, even after the signing node has gone', async () => {
    await expectConnected();
    const [client, first, second] = [two.raw(), two.raw(), two.raw()];
    const socketId = await client.socketId();
    client.subscribe('private-queues', await sign(one, socketId, 'old'));
    await client.next('pusher_internal:subscription_succeeded');
    await sign(one, await first.socketId(), 'first');
    expired.add('first');
    // The earlier signature has arrived as well.
    expect((await first.closed).code).toBe(4200);
    await sign(two, socketId, 'new');
    await sign(one, await second.socketId(), 'second');
    expired.add('old').add('second');
    expect((await second.closed).code).toBe(4200);
    await client.settled();
    await one.stop();
    expired.add('new');
    expect((await client.closed).code).toBe(4200);
    one = await startNode();
  });
});

describe('the HTTP API', () => {
  it('of one node queries and reaches clients of the other', async () => {
    await expectConnected();
    const [here, there] = [await listen(one, 'api-x'), await listen(two, 'api-x')];
    const member = two.raw();
    await join(member, 'line\nbreak "quoted"');
    const { api } = one.gateway;
    await expect
      .poll(() => api.channel(1, 'api-x', ['subscription_count']))
      .toEqual({
        occupied: true,
        subscription_count: 2,
      });
    expect(await api.users(1, 'presence-queues')).toEqual({ users: [{ id: 'line\nbreak "quoted"' }] });
    await expect
      .poll(async () => Object.keys((await api.channels(1, { prefix: '', info: [] })).channels))
      .toContain('presence-queues');
    expect((await api.channels(2, { prefix: '', info: [] })).channels).toEqual({});
    await api.trigger(1, { name: 'e', channel: 'api-x', data: '{"n":1}' });
    for (const client of [here, there]) expect((await client.next('e')).data).toEqual({ n: 1 });
    await api.trigger(1, { name: 'c', channel: 'cache-y', data: '{"n":2}' });
    const control = await createClient({ url: redis.url }).connect();
    const kept = await control.pTTL('mevrik:cache:1:cache-y');
    control.destroy();
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThanOrEqual(30 * 60_000);
    const late = two.raw();
    await late.socketId();
    late.subscribe('cache-y');
    expect((await late.next('c')).data).toEqual({ n: 2 });
    there.ws.close();
    await expect
      .poll(() => api.channel(1, 'api-x', ['subscription_count']))
      .toMatchObject({ subscription_count: 1 });
  });
});

/** Starts a third node, in a process of its own, and connects a client to it. */
async function startThird(env: Record<string, string> = {}) {
  await expectConnected();
  const file = fileURLToPath(new URL('../support/gateway-node.ts', import.meta.url));
  const child = await startProcess(file, { REDIS_URL: redis.url, ...env });
  const client = await createClient({ url: redis.url }).connect();
  await expect.poll(() => client.zCard('mevrik:nodes')).toBe(3);
  await expect.poll(async () => (await client.pubSubNumSub(['mevrik:all']))['mevrik:all']).toBe(3);
  client.destroy();
  const answer = once(child, 'message');
  child.send('port?');
  const [port] = (await answer) as [number];
  return { child, raw: new RawClient(`ws://127.0.0.1:${port}/app/acme?protocol=7`) };
}

describe('a node whose clock is wrong', () => {
  it.each([
    ['17 seconds behind', -17_000],
    ['17 seconds ahead', 17_000],
  ])('%s is not taken for dead, nor takes others for dead', async (_, aheadMs) => {
    const { child, raw } = await startThird({ CLOCK_AHEAD_MS: String(aheadMs) });
    const watcher = one.raw();
    expect(await join(watcher, 'w')).toEqual(['w']);
    expect(await join(raw, 'd')).toEqual(['d', 'w']);
    expect((await watcher.next('pusher_internal:member_added')).data).toMatchObject({ user_id: 'd' });
    const client = await createClient({ url: redis.url }).connect();
    const beats = async () =>
      (await client.zRangeWithScores('mevrik:nodes', 0, -1)).map(({ score }) => score);
    const [second = '0'] = await client.time();
    const start = Number(second) * 1_000;
    await expect.poll(async () => Math.min(...(await beats()))).toBeGreaterThan(start + 8 * heartbeatMs);
    client.destroy();
    for (const member of [watcher, raw]) {
      await member.settled();
      expect(member.frames.filter(({ event }) => event === 'pusher_internal:member_removed')).toEqual([]);
    }
    await killHard(child);
    expect((await watcher.next('pusher_internal:member_removed')).data).toEqual({ user_id: 'd' });
  });
});

describe('a node that is killed', () => {
  it('has its members removed within a few heartbeats', async () => {
    const { child, raw: doomed } = await startThird();
    const watcher = one.raw();
    expect(await join(watcher, 'w')).toEqual(['w']);
    expect(await join(doomed, 'd')).toEqual(['d', 'w']);
    expect((await watcher.next('pusher_internal:member_added')).data).toMatchObject({ user_id: 'd' });
    await killHard(child);
    expect((await watcher.next('pusher_internal:member_removed')).data).toEqual({ user_id: 'd' });
    expect(await join(two.raw(), 'x')).toEqual(['w', 'x']);
  });
});

describe('Redis', () => {
  it('may go down and come back: clients stay connected, each node serves its own, then all are served again', async () => {
    await expectConnected();
    const [here, there] = [await listen(one, 'messages'), await listen(two, 'messages')];
    const member = one.raw();
    await join(member, 'm');
    await redis.restart();
    await publish(one, 'messages', { text: 'at home' });
    expect((await here.next('message_post')).data).toEqual({ text: 'at home' });
    await expectConnected();
    await publish(one, 'messages', { text: 'everywhere' });
    await expect.poll(() => there.frames.map(({ data }) => data)).toContainEqual({ text: 'everywhere' });
    await expect
      .poll(async () => [...(await two.bus.presence.members(1, 'presence-queues')).members.keys()])
      .toEqual(['m']);
    expect(here.ws.readyState).toBe(here.ws.OPEN);
    expect(there.ws.readyState).toBe(there.ws.OPEN);
  });

  it('may hang: each node serves its own clients, and all are served once it resumes', async () => {
    await expectConnected();
    const here = await listen(one, 'messages');
    const client = await createClient({ url: redis.url }).connect();
    const [, pid] = /process_id:(\d+)/.exec(await client.info('server')) ?? [];
    client.destroy();
    process.kill(Number(pid), 'SIGSTOP');
    try {
      for (let at = 0; at < 20; at += 1) {
        await publish(one, 'messages', { at });
        expect((await here.next('message_post')).data).toEqual({ at });
      }
      await listen(one, 'something-new');
    } finally {
      process.kill(Number(pid), 'SIGCONT');
    }
    await expectConnected();
  });

  it('may hang for long without any node taking another for dead', async () => {
    await expectConnected();
    const [ann, bob] = [one.raw(), two.raw()];
    await join(ann, 'ann');
    await join(bob, 'bob');
    const client = await createClient({ url: redis.url }).connect();
    const [, pid] = /process_id:(\d+)/.exec(await client.info('server')) ?? [];
    const beats = async () =>
      (await client.zRangeWithScores('mevrik:nodes', 0, -1)).map(({ score }) => score);
    process.kill(Number(pid), 'SIGSTOP');
    try {
      // Each of these calls runs into its timeout, so that many heartbeats are missed meanwhile.
      for (let at = 0; at < 2; at += 1) await two.bus.presence.members(1, 'presence-queues');
    } finally {
      process.kill(Number(pid), 'SIGCONT');
    }
    const now = Date.now();
    // Several heartbeats later, a node taken for dead would have been removed.
    await expect.poll(async () => Math.min(...(await beats()))).toBeGreaterThan(now + 5 * heartbeatMs);
    client.destroy();
    // Entries that Redis dropped meanwhile are written again.
    for (const node of [one, two]) {
      const members = async () =>
        [...(await node.bus.presence.members(1, 'presence-queues')).members.keys()].sort();
      await expect.poll(members).toEqual(['ann', 'bob']);
    }
    await Promise.all([ann.settled(), bob.settled()]);
    for (const { frames } of [ann, bob]) {
      expect(frames.filter(({ event }) => event === 'pusher_internal:member_removed')).toEqual([]);
    }
  });

  it('may lose members, or a node may be taken for dead: they are members again, and announced if they were gone', async () => {
    await expectConnected();
    const [ann, bob] = [one.raw(), two.raw()];
    await join(ann, 'ann');
    await join(bob, 'bob');
    await ann.next('pusher_internal:member_added');
    const client = await createClient({ url: redis.url }).connect();
    onTestFinished(() => client.destroy());
    const members = async (node: TestGateway) =>
      [...(await node.bus.presence.members(1, 'presence-queues')).members.keys()].sort();
    const listed = async () => {
      const lists = await client.keys('mevrik:presence-of:*');
      return (await Promise.all(lists.map((list) => client.sMembers(list)))).flat().sort();
    };
    const changes = ({ frames }: RawClient, userId: string) =>
      frames
        .filter(({ data }) => (data as { user_id?: string })?.user_id === userId)
        .map(({ event }) => event.replace('pusher_internal:', ''));

    // Lost, and begun again by one node before the other notices.
    await client.del([
      'mevrik:presence:{mevrik:1:queues}:presence-queues',
      ...(await client.keys('mevrik:presence-of:*')),
    ]);
    await join(one.raw(), 'carol');
    await join(two.raw(), 'dora', 'presence-other');
    await expect.poll(() => members(one)).toEqual(['ann', 'bob', 'carol']);
    const ofChannel = (channel: string) => JSON.stringify({ appId: 1, channel });
    await expect
      .poll(listed)
      .toEqual(['presence-other', 'presence-queues', 'presence-queues'].map(ofChannel));
    await ann.settled();
    expect(new Set(changes(ann, 'bob'))).toEqual(new Set(['member_added']));

    // A node that is taken for dead: its members are back once its heartbeat is.
    const [hash, nodes] = ['mevrik:presence:{mevrik:1:queues}:presence-queues', 'mevrik:nodes'];
    const fieldOfBob = async () => {
      const fields = await client.hGetAll(hash);
      return Object.keys(fields).find((field) => fields[field]?.startsWith('"bob"')) ?? '';
    };
    const [node = ''] = (await fieldOfBob()).split('/');
    const removed = () => changes(ann, 'bob').includes('member_removed');
    await expect
      .poll(async () => {
        if (!removed()) await client.zAdd(nodes, { score: 1, value: node });
        return removed();
      })
      .toBe(true);
    await expect.poll(() => members(one)).toEqual(['ann', 'bob', 'carol']);
    await expect.poll(() => changes(ann, 'bob').at(-1)).toBe('member_added');
  });

  it('announces members who leave while it has lost them, or does not answer', async () => {
    await expectConnected();
    const [ann, bob, carol] = [one.raw(), two.raw(), two.raw()];
    await join(ann, 'ann');
    await join(bob, 'bob');
    await join(carol, 'carol');
    const client = await createClient({ url: redis.url }).connect();
    onTestFinished(() => client.destroy());
    await client.flushAll();
    bob.ws.close();
    expect((await ann.next('pusher_internal:member_removed')).data).toEqual({ user_id: 'bob' });

    const [, pid] = /process_id:(\d+)/.exec(await client.info('server')) ?? [];
    process.kill(Number(pid), 'SIGSTOP');
    try {
      const { connections } = two.gateway.inspect();
      carol.ws.close();
      // Until its leave has run into its timeout.
      await expect.poll(() => two.gateway.inspect().connections).toBe(connections - 1);
      await two.bus.presence.members(1, 'presence-queues');
    } finally {
      process.kill(Number(pid), 'SIGCONT');
    }
    expect((await ann.next('pusher_internal:member_removed')).data).toEqual({ user_id: 'carol' });
    const members = async () => [...(await one.bus.presence.members(1, 'presence-queues')).members.keys()];
    await expect.poll(members).toEqual(['ann']);
  });

  it('keeps a member who unsubscribes and subscribes again while it does not answer', async () => {
    await expectConnected();
    const [ann, bob] = [one.raw(), two.raw()];
    await join(ann, 'ann');
    const channelData = JSON.stringify({ user_id: 'bob' });
    const auth = signSubscription(acme, await bob.socketId(), 'presence-queues', channelData);
    const subscribe = async () => {
      bob.subscribe('presence-queues', { auth, channel_data: channelData });
      await bob.next('pusher_internal:subscription_succeeded');
    };
    await subscribe();
    await ann.next('pusher_internal:member_added');
    const client = await createClient({ url: redis.url }).connect();
    onTestFinished(() => client.destroy());
    const [, pid] = /process_id:(\d+)/.exec(await client.info('server')) ?? [];
    process.kill(Number(pid), 'SIGSTOP');
    try {
      bob.send({ event: 'pusher:unsubscribe', data: { channel: 'presence-queues' } });
      await subscribe();
    } finally {
      process.kill(Number(pid), 'SIGCONT');
    }
    const beats = async () =>
      (await client.zRangeWithScores('mevrik:nodes', 0, -1)).map(({ score }) => score);
    const now = Date.now();
    // Several heartbeats later, what was left to be written has been.
    await expect.poll(async () => Math.min(...(await beats()))).toBeGreaterThan(now + 5 * heartbeatMs);
    const members = async () => [...(await one.bus.presence.members(1, 'presence-queues')).members.keys()];
    await expect.poll(async () => (await members()).sort()).toEqual(['ann', 'bob']);
    await ann.settled();
    const changes = ann.frames.filter(({ data }) => (data as { user_id?: string })?.user_id === 'bob');
    expect(changes.at(-1)?.event).toBe('pusher_internal:member_added');
  });

  it('may be down at the start', async () => {
    const bus = createRedisBus({ url: 'redis://127.0.0.1:1', log: quiet, history: noHistory });
    const alone = await startGateway({ bus });
    const client = await listen(alone, 'messages');
    await publish(alone, 'messages', { text: 'hi' });
    expect((await client.next('message_post')).data).toEqual({ text: 'hi' });
    const member = alone.raw();
    expect(await join(member, 'm')).toEqual(['m']);
    await alone.stop();
  });
});

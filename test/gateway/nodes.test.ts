import { ProblemError } from '@mevrik/protocol';
import { createClient } from '@redis/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noHistory } from '../../packages/server/src/broadcast/bus/history.ts';
import { createRedisBus } from '../../packages/server/src/broadcast/bus/redis-bus.ts';
import { people, quiet, type RawClient, startGateway, type TestGateway } from '../support/gateway.ts';
import { joinPresence, startGatewayProcess } from '../support/presence.ts';
import { killHard } from '../support/processes.ts';
import { heartbeatMs } from '../support/redis.ts';
import { useRedis } from '../support/use-redis.ts';

const redis = useRedis();

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
    expect(await joinPresence(watcher, 'w')).toEqual(['w']);
    expect(await joinPresence(first, 'u')).toEqual(['u', 'w']);
    expect(await joinPresence(second, 'u')).toEqual(['u', 'w']);
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

  it("forward client events with the sender's id", async () => {
    await expectConnected();
    const [sender, other] = [one.raw(), two.raw()];
    await joinPresence(sender, 'a');
    await joinPresence(other, 'b');
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
    await joinPresence(member, 'line\nbreak "quoted"');
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

describe('a node that is killed', () => {
  it('has its members removed within a few heartbeats', async () => {
    await expectConnected();
    const { child, raw } = await startGatewayProcess({ REDIS_URL: redis.url });
    const doomed = raw();
    const client = await createClient({ url: redis.url }).connect();
    await expect.poll(() => client.zCard('mevrik:nodes')).toBe(3);
    await expect.poll(async () => (await client.pubSubNumSub(['mevrik:all']))['mevrik:all']).toBe(3);
    client.destroy();
    const watcher = one.raw();
    expect(await joinPresence(watcher, 'w')).toEqual(['w']);
    expect(await joinPresence(doomed, 'd')).toEqual(['d', 'w']);
    expect((await watcher.next('pusher_internal:member_added')).data).toMatchObject({ user_id: 'd' });
    await killHard(child);
    expect((await watcher.next('pusher_internal:member_removed')).data).toEqual({ user_id: 'd' });
    expect(await joinPresence(two.raw(), 'x')).toEqual(['w', 'x']);
  });
});

describe('Redis', () => {
  it('may go down and come back: clients stay connected, each node serves its own, then all are served again', async () => {
    await expectConnected();
    const [here, there] = [await listen(one, 'messages'), await listen(two, 'messages')];
    const member = one.raw();
    await joinPresence(member, 'm');
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
    await redis.whileHanging(async () => {
      for (let at = 0; at < 20; at += 1) {
        await publish(one, 'messages', { at });
        expect((await here.next('message_post')).data).toEqual({ at });
      }
      await listen(one, 'something-new');
    });
    await expectConnected();
  });

  it('may hang for long without any node taking another for dead', async () => {
    await expectConnected();
    const [ann, bob] = [one.raw(), two.raw()];
    await joinPresence(ann, 'ann');
    await joinPresence(bob, 'bob');
    const client = await createClient({ url: redis.url }).connect();
    const beats = async () =>
      (await client.zRangeWithScores('mevrik:nodes', 0, -1)).map(({ score }) => score);
    await redis.whileHanging(async () => {
      // Each of these calls runs into its timeout, so that many heartbeats are missed meanwhile.
      for (let at = 0; at < 2; at += 1) await two.bus.presence.members(1, 'presence-queues');
    });
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

  it('may be down at the start', async () => {
    const bus = createRedisBus({ url: 'redis://127.0.0.1:1', log: quiet, history: noHistory });
    const alone = await startGateway({ bus });
    const client = await listen(alone, 'messages');
    await publish(alone, 'messages', { text: 'hi' });
    expect((await client.next('message_post')).data).toEqual({ text: 'hi' });
    const member = alone.raw();
    expect(await joinPresence(member, 'm')).toEqual(['m']);
    await alone.stop();
  });
});

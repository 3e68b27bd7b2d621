import { createClient } from '@redis/client';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { signSubscription } from '../../packages/server/src/broadcast/access/auth-signature.ts';
import { noHistory } from '../../packages/server/src/broadcast/bus/history.ts';
import { createRedisBus } from '../../packages/server/src/broadcast/bus/redis-bus.ts';
import { acme, quiet, type RawClient, startGateway, type TestGateway } from '../support/gateway.ts';
import { joinPresence, startGatewayProcess } from '../support/presence.ts';
import { killHard } from '../support/processes.ts';
import { heartbeatMs } from '../support/redis.ts';
import { useRedis } from '../support/use-redis.ts';

const redis = useRedis();

let one: TestGateway;
let two: TestGateway;
const startNode = () =>
  startGateway({ bus: createRedisBus({ url: redis.url, log: quiet, history: noHistory, heartbeatMs }) });
beforeEach(async () => {
  [one, two] = await Promise.all([startNode(), startNode()]);
  await expect.poll(() => one.bus.isConnected() && two.bus.isConnected()).toBe(true);
});
afterEach(() => Promise.all([one.stop(), two.stop()]));

describe('members on two nodes', () => {
  it('show a user who moves between them as gone or there in turn, and in the end as listed', async () => {
    const watchers = [one.raw(), two.raw()];
    for (const [at, watcher] of watchers.entries()) await joinPresence(watcher, `watcher-${at}`);
    let moving = one.raw();
    await joinPresence(moving, 'u');
    for (let round = 1; round <= 40; round += 1) {
      const next = [one, two][round % 2]?.raw();
      if (!next) throw new Error('There are two nodes.');
      await next.opened();
      moving.send({ event: 'pusher:unsubscribe', data: { channel: 'presence-queues' } });
      await joinPresence(next, 'u');
      moving = next;
    }
    await joinPresence(one.raw(), 'end');
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
    const [watcher, member] = [one.raw(), two.raw()];
    await joinPresence(watcher, 'w');
    expect(await joinPresence(member, 42)).toEqual([42, 'w']);
    expect((await watcher.next('pusher_internal:member_added')).data).toMatchObject({ user_id: 42 });
    expect((await one.gateway.api.users(1, 'presence-queues')).users).toContainEqual({ id: '42' });
    member.ws.close();
    expect((await watcher.next('pusher_internal:member_removed')).data).toEqual({ user_id: 42 });
  });
});

describe('nodes whose clocks are wrong', () => {
  it('are not taken for dead, nor take others for dead', async () => {
    // Longer than the pauses of a busy machine: three missed beats mean that a node is dead.
    const slowMs = 2_000;
    const [prefix, env] = ['clocks', { BUS_PREFIX: 'clocks', HEARTBEAT_MS: String(slowMs) }];
    const bus = createRedisBus({
      url: redis.url,
      log: quiet,
      history: noHistory,
      prefix,
      heartbeatMs: slowMs,
    });
    const right = await startGateway({ bus });
    onTestFinished(() => right.stop());
    const watcher = right.raw();
    expect(await joinPresence(watcher, 'w')).toEqual(['w']);
    const wrong = await Promise.all(
      [-17_000, 17_000].map((aheadMs) =>
        startGatewayProcess({ REDIS_URL: redis.url, ...env, CLOCK_AHEAD_MS: String(aheadMs) }),
      ),
    );
    const members = wrong.map(({ raw }) => raw());
    for (const [at, member] of members.entries()) await joinPresence(member, `d${at}`);

    const client = await createClient({ url: redis.url }).connect();
    onTestFinished(() => client.destroy());
    const beats = async () =>
      (await client.zRangeWithScores(`${prefix}:nodes`, 0, -1)).map(({ score }) => score);
    const [second = '0'] = await client.time();
    const since = Number(second) * 1_000 + 3 * slowMs;
    await expect.poll(async () => (await beats()).filter((beat) => beat > since)).toHaveLength(3);
    for (const member of [watcher, ...members]) {
      await member.settled();
      expect(member.frames.filter(({ event }) => event === 'pusher_internal:member_removed')).toEqual([]);
    }
    expect(await right.gateway.api.channel(1, 'presence-queues', ['subscription_count'])).toMatchObject({
      subscription_count: 3,
    });
    await Promise.all(wrong.map(({ child }) => killHard(child)));
    const gone = [];
    for (let at = 0; at < 2; at += 1) gone.push((await watcher.next('pusher_internal:member_removed')).data);
    expect(gone).toEqual(expect.arrayContaining([{ user_id: 'd0' }, { user_id: 'd1' }]));
  });
});

describe('Redis', () => {
  it('may lose members, or a node may be taken for dead: they are members again, and announced if they were gone', async () => {
    const [ann, bob] = [one.raw(), two.raw()];
    await joinPresence(ann, 'ann');
    await joinPresence(bob, 'bob');
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
    await joinPresence(one.raw(), 'carol');
    await joinPresence(two.raw(), 'dora', 'presence-other');
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
    const [ann, bob, carol] = [one.raw(), two.raw(), two.raw()];
    await joinPresence(ann, 'ann');
    await joinPresence(bob, 'bob');
    await joinPresence(carol, 'carol');
    const client = await createClient({ url: redis.url }).connect();
    onTestFinished(() => client.destroy());
    await client.flushAll();
    bob.ws.close();
    expect((await ann.next('pusher_internal:member_removed')).data).toEqual({ user_id: 'bob' });

    await redis.whileHanging(async () => {
      const { connections } = two.gateway.inspect();
      carol.ws.close();
      // Until its leave has run into its timeout.
      await expect.poll(() => two.gateway.inspect().connections).toBe(connections - 1);
      await two.bus.presence.members(1, 'presence-queues');
    });
    expect((await ann.next('pusher_internal:member_removed')).data).toEqual({ user_id: 'carol' });
    const members = async () => [...(await one.bus.presence.members(1, 'presence-queues')).members.keys()];
    await expect.poll(members).toEqual(['ann']);
  });

  it('keeps a member who unsubscribes and subscribes again while it does not answer', async () => {
    const [ann, bob] = [one.raw(), two.raw()];
    await joinPresence(ann, 'ann');
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
    await redis.whileHanging(async () => {
      bob.send({ event: 'pusher:unsubscribe', data: { channel: 'presence-queues' } });
      await subscribe();
    });
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
});

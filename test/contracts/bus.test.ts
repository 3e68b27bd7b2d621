import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type BusNode,
  type BusRig,
  startClusterRig,
  startLocalRig,
  startRedisClusterRig,
  startRedisRig,
} from '../support/bus-rig.ts';
import { killHard, startProcess } from '../support/processes.ts';

const message = (topic: string, at: number) => ({ appId: 1, topic, event: 'message_post', payload: { at } });
const memberKey = (channel: string, socketId: string) => ({ appId: 1, channel, socketId });
const member = (user_id: string) => ({ user_id, user_info: { name: user_id } });
const payloads = (node: BusNode, topic: string) =>
  node.received.flatMap((one) => ('payload' in one && one.topic === topic ? [one.payload.at] : []));

/** What is published on one arrives on the other; it is repeated until it does. */
async function expectConnected(one: BusNode, other: BusNode, topic: string): Promise<void> {
  await Promise.all([one.subscribe(1, topic), other.subscribe(1, topic)]);
  await vi.waitFor(
    async () => {
      await one.publish([message(topic, 1)]);
      await other.publish([message(topic, 2)]);
      expect(payloads(other, topic)).toContain(1);
      expect(payloads(one, topic)).toContain(2);
    },
    { timeout: 120_000 },
  );
}

const buses = [
  { name: 'in the process', start: startLocalRig },
  { name: 'over Redis', start: startRedisRig },
  { name: 'over a Redis Cluster', start: startRedisClusterRig },
  { name: 'between the workers of a machine', start: startClusterRig },
];

describe.each(buses)('a bus $name', ({ name, start }) => {
  let rig: BusRig;
  let here: BusNode;
  let there: BusNode;
  beforeAll(async () => {
    rig = await start();
    [here, there] = [await rig.node(), await rig.node()];
    await expectConnected(here, there, 'bridge');
  });
  afterAll(() => rig.stop());

  it('delivers messages in order and once to a node that subscribes to their topic', async () => {
    await there.subscribe(1, 'orders');
    for (let at = 0; at < 500; at += 3) {
      await here.publish([message('orders', at), message('orders', at + 1), message('orders', at + 2)]);
    }
    await expect.poll(() => payloads(there, 'orders').length).toBeGreaterThanOrEqual(501);
    expect(payloads(there, 'orders')).toEqual(Array.from({ length: 501 }, (_, at) => at));
  });

  it('serves its own clients even if it does not wait', () => {
    void here.publish([message('own', 1)]);
    expect(payloads(here, 'own')).toEqual([1]);
  });

  it('delivers a message to the subscribers of its topic', async () => {
    await there.subscribe(1, 'shop');
    const sent = { appId: 1, channel: 'private-shop', event: 'e', data: 'line\nbreak 😀' };
    await here.publish([sent]);
    await expect.poll(() => there.received).toContainEqual(sent);
  });

  it('tells every node whose connections to close', async () => {
    const sent = [
      { appId: 1, terminateUser: 'bob' },
      { appId: 1, terminateUser: 'eve' },
    ];
    await here.publish(sent);
    for (const node of [here, there])
      await expect.poll(() => node.received).toEqual(expect.arrayContaining(sent));
  });

  it('knows when the other nodes cannot miss what was published', async () => {
    await there.subscribe(1, 'reached');
    void here.publish([message('reached', 1)]);
    await here.reached();
    await expect.poll(() => payloads(there, 'reached')).toEqual([1]);
  });

  it('counts a user once, over all nodes, and lists who is present', async () => {
    const channel = 'presence-room';
    expect(await here.presence.join(memberKey(channel, '1.1'), member('ann'), 2)).toMatchObject({
      isNew: true,
    });
    expect(await there.presence.join(memberKey(channel, '2.1'), member('ann'), 2)).toMatchObject({
      isNew: false,
    });
    const joined = await there.presence.join(memberKey(channel, '2.2'), member('bob'), 2);
    expect(joined).toEqual({
      full: false,
      isNew: true,
      at: expect.any(Number),
      members: new Map([
        ['ann', { id: 'ann', info: { name: 'ann' } }],
        ['bob', { id: 'bob', info: { name: 'bob' } }],
      ]),
    });
    expect(await here.presence.join(memberKey(channel, '1.2'), member('cid'), 2)).toEqual({ full: true });
    expect(await here.presence.leave(memberKey(channel, '1.1'))).toBeUndefined();
    expect(await there.presence.leave(memberKey(channel, '2.1'))).toBe('ann');
    expect([...(await here.presence.members(1, channel)).members.keys()]).toEqual(['bob']);
    expect((await here.presence.members(2, channel)).members.size).toBe(0);
  });

  it('announces members in the order in which they come and go, whichever nodes they are on', async () => {
    const channel = 'presence-moves';
    await Promise.all([here, there].map((node) => node.subscribe(1, 'moves')));
    const rounds = 50;
    await here.presence.join(memberKey(channel, '3.0'), member('ann'), 10);
    for (let round = 1; round <= rounds; round += 1) {
      const [from, to] = round % 2 === 1 ? [here, there] : [there, here];
      await Promise.all([
        from.presence.leave(memberKey(channel, `3.${round - 1}`)),
        to.presence.join(memberKey(channel, `3.${round}`), member('ann'), 10),
      ]);
    }
    const changes = (node: BusNode) =>
      node.received.filter((one) => 'order' in one && one.channel === channel);
    const last = await there.presence.join(memberKey(channel, '3.9'), member('end'), 10);
    if (last.full) throw new Error('full');
    for (const node of [here, there]) {
      await expect.poll(() => changes(node).at(-1)).toMatchObject({ order: last.at });
      const events = changes(node).flatMap((one) => ('event' in one ? [one.event] : []));
      const expected = events.map((_, at) => (at % 2 === 0 ? 'member_added' : 'member_removed'));
      expect(events.slice(0, -1)).toEqual(expected.slice(0, -1).map((event) => `pusher_internal:${event}`));
      const orders = changes(node).map((one) => ('order' in one ? (one.order ?? 0) : 0));
      expect(orders).toEqual([...new Set(orders)].sort((one, other) => one - other));
    }
    expect([...last.members.keys()].sort()).toEqual(['ann', 'end']);
  });

  it('knows the number of subscribers of a channel, and reports it until there are none', async () => {
    here.occupancy.set(1, 'prices', 2);
    await expect.poll(() => there.occupancy.countOf(1, 'prices')).toBe(2);
    here.occupancy.set(1, 'sport', 1);
    here.occupancy.set(1, 'sport', 0);
    await expect.poll(async () => (await there.occupancy.list(1)).get('prices')).toBe(2);
    expect((await there.occupancy.list(1)).has('sport')).toBe(false);
    expect((await there.occupancy.list(2)).size).toBe(0);
    expect([...here.changes, ...there.changes]).toContainEqual({
      appId: 1,
      channel: 'prices',
      before: 0,
      now: 2,
      shouldNotify: true,
    });
  });

  it('keeps the last event of a cache channel for all nodes', async () => {
    expect(await there.cache.get(1, 'cache-x')).toBeUndefined();
    await here.cache.put(1, 'cache-x', { event: 'e', data: '1' });
    await here.cache.put(1, 'cache-x', { event: 'e', data: '2' });
    expect(await there.cache.get(1, 'cache-x')).toEqual({ event: 'e', data: '2' });
    there.cache.sweep();
    expect(await here.cache.get(1, 'cache-x')).toEqual({ event: 'e', data: '2' });
  });

  if (name === 'in the process') return;
  describe('with several nodes', () => {
    it('sends a node nothing that it is not subscribed to', async () => {
      await there.subscribe(1, 'left');
      await there.subscribe(1, 'fence');
      await here.publish([message('left', 1)]);
      await expect.poll(() => payloads(there, 'left')).toEqual([1]);
      there.unsubscribe(1, 'left');
      // Everything sent before a response has been processed.
      await there.subscribe(1, 'later');
      await here.publish([message('left', 2), message('unknown', 3), message('fence', 4)]);
      await expect.poll(() => payloads(there, 'fence')).toEqual([4]);
      expect(payloads(there, 'left')).toEqual([1]);
      expect(payloads(there, 'unknown')).toEqual([]);
    });

    it('adds up the connections of all, and notifies one node of each change', async () => {
      here.occupancy.set(1, 'both', 2);
      there.occupancy.set(1, 'both', 3);
      await expect.poll(() => here.occupancy.countOf(1, 'both')).toBe(5);
      await expect.poll(() => there.occupancy.countOf(1, 'both')).toBe(5);
      there.occupancy.set(1, 'both', 0);
      await expect.poll(() => here.occupancy.countOf(1, 'both')).toBe(2);
    });

    it('removes a dead node: its members and counts, with notices to the remaining nodes', async () => {
      const channel = 'presence-team';
      const count = async (one: string) => (await here.occupancy.list(1)).get(one) ?? 0;
      await here.presence.join(memberKey(channel, '1.9'), member('ann'), 10);
      await here.subscribe(1, 'team');
      here.occupancy.set(1, channel, 1);
      const file = fileURLToPath(new URL('../support/bus-worker.ts', import.meta.url));
      const killed = await startProcess(file, { BUS_ADDRESS: rig.address });
      await expect.poll(() => count(channel)).toBe(3);
      expect([...(await here.presence.members(1, channel)).members.keys()].sort()).toEqual(['ann', 'cid']);

      await killHard(killed);
      await expect.poll(() => count(channel)).toBe(1);
      const removed = () =>
        here.received.filter(
          (one) =>
            'channel' in one && one.channel === channel && one.event === 'pusher_internal:member_removed',
        );
      await expect.poll(removed).toMatchObject([{ data: '{"user_id":"cid"}' }]);
      expect([...(await there.presence.members(1, channel)).members.keys()]).toEqual(['ann']);
    });
  });
});

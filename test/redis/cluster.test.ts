import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { slotOf } from '../../packages/server/src/redis/slot.ts';
import { people, type RawClient, type TestGateway } from '../support/gateway.ts';
import {
  expectReached,
  join,
  listen,
  messagesTo,
  publish,
  startRedisNode,
} from '../support/gateway-clients.ts';
import type { RedisProcess } from '../support/redis.ts';
import { type ClusterGroup, sendCommand, startClusterGroup } from '../support/redis-groups.ts';

let group: ClusterGroup;
let nodes: TestGateway[];
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
});

async function startNodes(): Promise<void> {
  nodes = await Promise.all([group.url, group.url, group.url].map((url) => startRedisNode(url)));
}

function node(at: number): TestGateway {
  const found = nodes[at];
  if (!found) throw new Error('there are only three nodes');
  return found;
}

/** Three topics on three different masters, the first one on the given master. */
async function topicsApart(first?: RedisProcess): Promise<readonly [string, string, string]> {
  const found = new Map<RedisProcess, string>();
  for (let n = 0; found.size < 3; n += 1) {
    const master = await group.masterOf(`mevrik:1:room-${n}`);
    if (!found.has(master)) found.set(master, `room-${n}`);
  }
  const isFirst = ([master]: readonly [RedisProcess, string]) => (master === first ? 0 : 1);
  const [one = '', two = '', three = ''] = [...found]
    .toSorted((a, b) => isFirst(a) - isFirst(b))
    .map(([, topic]) => topic);
  return [one, two, three];
}

/** A client on each node, subscribed to all of these topics and reached by every node. */
async function listenEverywhere(topics: readonly string[]): Promise<RawClient[]> {
  const clients = await Promise.all(nodes.map((one) => listen(one, topics[0] ?? '')));
  for (const client of clients) {
    for (const topic of topics.slice(1)) {
      client.subscribe(topic);
      await client.next('pusher_internal:subscription_succeeded');
    }
  }
  for (const topic of topics) for (const one of nodes) await expectReached(one, topic, clients);
  return clients;
}

const numbersIn = (client: RawClient, topic: string) =>
  client.frames
    .filter(({ event, channel }) => event === 'message_post' && channel === topic)
    .flatMap(({ data }) => ((data as { at?: number }).at === undefined ? [] : [(data as { at: number }).at]));

describe('three nodes on a cluster', () => {
  beforeAll(async () => {
    group = await startClusterGroup();
  });
  afterAll(() => group?.stop());
  beforeEach(startNodes);

  it('deliver the topics of every shard, each in order, to the clients of all nodes', async () => {
    const topics = await topicsApart();
    const clients = await listenEverywhere(topics);
    for (let at = 0; at < 300; at += 1) {
      await Promise.all(topics.map((topic, n) => publish(node(n), topic, { at })));
    }
    const all = Array.from({ length: 300 }, (_, at) => at);
    for (const client of clients) {
      for (const topic of topics) await expect.poll(() => numbersIn(client, topic)).toEqual(all);
    }
  });

  it('subscribe on the shard of a topic, and only to topics that their clients subscribe to', async () => {
    const topics = await topicsApart();
    const [client] = await listenEverywhere(topics);
    const heardAt = async (topic: string) =>
      sendCommand(await group.masterOf(`mevrik:1:${topic}`), ['PUBSUB', 'SHARDNUMSUB', `mevrik:1:${topic}`]);
    for (const topic of topics) expect(await heardAt(topic)).toEqual([`mevrik:1:${topic}`, 3]);
    client?.ws.close();
    for (const topic of topics) await expect.poll(() => heardAt(topic)).toEqual([`mevrik:1:${topic}`, 2]);
  });

  it('share presence, subscription counts and the last event of cache channels', async () => {
    await listenEverywhere(await topicsApart());
    const [ann, bob] = [node(0).raw(), node(1).raw()];
    for (const channel of ['presence-a', 'presence-b', 'presence-c']) {
      expect(await join(ann, 'ann', channel)).toEqual(['ann']);
      expect(await join(bob, 'bob', channel)).toEqual(['ann', 'bob']);
      expect((await ann.next('pusher_internal:member_added')).data).toMatchObject({ user_id: 'bob' });
    }
    const { api } = node(2).gateway;
    expect(await api.users(1, 'presence-b')).toEqual({ users: [{ id: 'ann' }, { id: 'bob' }] });
    await expect
      .poll(() => api.channel(1, 'presence-c', ['subscription_count']))
      .toMatchObject({ occupied: true, subscription_count: 2 });
    for (const channel of ['cache-a', 'cache-b', 'cache-c']) {
      await api.trigger(1, { name: 'prices', channel, data: '{"n":1}' });
      const late = node(0).raw();
      await late.socketId();
      late.subscribe(channel);
      expect((await late.next('prices')).data).toEqual({ n: 1 });
    }
    bob.ws.close();
    expect((await ann.next('pusher_internal:member_removed')).data).toEqual({ user_id: 'bob' });
  });

  it('follow a topic whose slot moves to another master, in order', async () => {
    const [topic, other] = await topicsApart();
    const clients = await listenEverywhere([topic, other]);
    const before = await group.masterOf(`mevrik:1:${topic}`);
    await group.move(`mevrik:1:${topic}`);
    await expect.poll(() => group.masterOf(`mevrik:1:${topic}`)).not.toBe(before);
    for (const one of nodes) await expectReached(one, topic, clients);
    for (let at = 0; at < 50; at += 1) await publish(node(1), topic, { at });
    const all = Array.from({ length: 50 }, (_, at) => at);
    for (const client of clients) await expect.poll(() => numbersIn(client, topic)).toEqual(all);
  });

  it('serve the other shards while one is down, and that one again when it is back', async () => {
    // The shard that carries messages to all nodes while it is up.
    const gone = await group.masterOf('mevrik:all');
    const [lost, ...others] = await topicsApart(gone);
    const clients = await listenEverywhere([lost, ...others]);
    const master = await group.masterOf(`mevrik:1:${lost}`);
    await master.end('SIGKILL');
    for (let at = 0; at < 50; at += 1) {
      for (const topic of others) await publish(node(at % 3), topic, { at });
    }
    const all = Array.from({ length: 50 }, (_, at) => at);
    for (const client of clients) {
      for (const topic of others) {
        await expect.poll(() => numbersIn(client, topic).toSorted((a, b) => a - b)).toEqual(all);
      }
    }
    const revoked = nodes.map((one) => one.raw());
    const ids = await Promise.all(revoked.map((client) => client.socketId()));
    const authorization = 'Bearer unknown';
    for (const socketId of ids) {
      node(0).gateway.watch({ principal: people.agent, authorization, appId: 1, socketId });
    }
    await Promise.all(revoked.map(({ closed }) => closed));
    await publish(node(0), lost, { text: 'at home' });
    const [here] = clients;
    await expect.poll(() => here && messagesTo(here)).toContainEqual({ text: 'at home' });
    await master.begin();
    for (const one of nodes) await expectReached(one, lost, clients);
    expect(clients.map(({ ws }) => ws.readyState)).toEqual([1, 1, 1]);
  });
});

describe('three nodes on a cluster with replicas', () => {
  beforeAll(async () => {
    group = await startClusterGroup({ replicas: 1 });
  });
  afterAll(() => group?.stop());
  beforeEach(startNodes);

  it('fail over to the replica of a killed master, and stay there when it comes back', async () => {
    const topics = await topicsApart();
    const [lost] = topics;
    const clients = await listenEverywhere(topics);
    const [ann, bob] = [node(0).raw(), node(1).raw()];
    await join(ann, 'ann', 'presence-room');
    await join(bob, 'bob', 'presence-room');
    const killed = await group.masterOf(`mevrik:1:${lost}`);
    await killed.end('SIGKILL');
    for (const one of nodes) await expectReached(one, lost, clients);
    const successor = await group.masterOf(`mevrik:1:${lost}`);
    expect(successor).not.toBe(killed);
    for (const topic of topics) await expectReached(node(2), topic, clients);
    for (const one of nodes) {
      const members = async () =>
        [...(await one.bus.presence.members(1, 'presence-room')).members.keys()].sort();
      await expect.poll(members).toEqual(['ann', 'bob']);
    }
    await killed.begin();
    await expect
      .poll(async () => String(await sendCommand(killed, ['INFO', 'replication'])))
      .toMatch(/role:slave[\s\S]*master_link_status:up/);
    for (const topic of topics) for (const one of nodes) await expectReached(one, topic, clients);
    expect([...clients, ann, bob].map(({ ws }) => ws.readyState)).toEqual([1, 1, 1, 1, 1]);
  });

  it('leave a hanging master for its replica, and serve the other shards meanwhile', async () => {
    const [lost, other] = await topicsApart();
    const clients = await listenEverywhere([lost, other]);
    const hung = await group.masterOf(`mevrik:1:${lost}`);
    hung.hang();
    try {
      for (let at = 0; at < 20; at += 1) await publish(node(0), other, { at });
      const all = Array.from({ length: 20 }, (_, at) => at);
      for (const client of clients) await expect.poll(() => numbersIn(client, other)).toEqual(all);
      for (const one of nodes) await expectReached(one, lost, clients);
    } finally {
      hung.goOn();
    }
    await expect
      .poll(async () => String(await sendCommand(hung, ['INFO', 'replication'])))
      .toMatch(/role:slave[\s\S]*master_link_status:up/);
    for (const one of nodes) await expectReached(one, lost, clients);
  });
});

describe('the slot of a name', () => {
  it('equals the one that Redis reports', async () => {
    group = await startClusterGroup();
    onTestFinished(() => group.stop());
    nodes = [];
    const [server] = group.servers;
    const names = [
      '',
      'a',
      '123456789',
      '{a}b',
      'a{}b',
      '{}{a}',
      'a{{b}}c',
      '}{',
      'é😀',
      '{é}x',
      'mevrik:{1}:x',
    ];
    for (const name of names) {
      expect([name, slotOf(name)]).toEqual([
        name,
        server && (await sendCommand(server, ['CLUSTER', 'KEYSLOT', name])),
      ]);
    }
  });
});

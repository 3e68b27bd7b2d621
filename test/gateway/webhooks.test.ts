import { createClient } from '@redis/client';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { signSubscription } from '../../packages/server/src/broadcast/access/auth-signature.ts';
import { noHistory } from '../../packages/server/src/broadcast/bus/history.ts';
import { createRedisBus } from '../../packages/server/src/broadcast/bus/redis-bus.ts';
import type { GatewayApps, RealtimeSettings } from '../../packages/server/src/broadcast/gateway-deps.ts';
import { realtimeDefaults } from '../../packages/server/src/broadcast/gateway-deps.ts';
import { acme, quiet, type RawClient, startGateway, type TestGateway } from '../support/gateway.ts';
import { startGatewayProcess } from '../support/presence.ts';
import { killHard } from '../support/processes.ts';
import { heartbeatMs, startRedisProcess } from '../support/redis.ts';
import { useRedis } from '../support/use-redis.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

const everything = [
  'channel_occupied',
  'channel_vacated',
  'member_added',
  'member_removed',
  'client_event',
  'cache_miss',
  'subscription_count',
] as const;

let receiver: WebhookReceiver;
const nodes: TestGateway[] = [];
beforeEach(async () => {
  receiver = await startWebhookReceiver();
});
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
  await receiver.stop();
});

const quick = { lingerMs: 100, webhookGatherMs: 10, webhookPauseMs: 20 };

function appsWith(realtime: Partial<RealtimeSettings> = {}): GatewayApps {
  const webhooks = [{ url: receiver.url, events: everything }];
  const app = { ...acme, settings: { realtime: { ...realtimeDefaults, webhooks, ...realtime } } };
  return { byKey: async (key) => (key === app.key ? app : undefined), byId: async () => app };
}

async function startNode(options: Parameters<typeof startGateway>[0] = {}): Promise<TestGateway> {
  const node = await startGateway({ apps: appsWith(), config: quick, ...options });
  nodes.push(node);
  return node;
}

async function listen(node: TestGateway, channel: string): Promise<RawClient> {
  const client = node.raw();
  await client.socketId();
  await subscribe(client, channel);
  return client;
}

async function subscribe(client: RawClient, channel: string): Promise<void> {
  client.subscribe(channel);
  await client.next('pusher_internal:subscription_succeeded');
}

async function join(node: Pick<TestGateway, 'raw'>, channel: string, userId: string): Promise<RawClient> {
  const client = node.raw();
  const channelData = JSON.stringify({ user_id: userId });
  const auth = signSubscription(acme, await client.socketId(), channel, channelData);
  client.subscribe(channel, { auth, channel_data: channelData });
  await client.next('pusher_internal:subscription_succeeded');
  return client;
}

async function leave(client: RawClient): Promise<void> {
  client.ws.terminate();
  await client.closed;
}

const expectEvents = (channel: string) => expect.poll(() => receiver.of(channel));
/** The order of a channel's event and its member's is not specified. */
const expectEventsInAnyOrder = (channel: string, from = 0) =>
  expect.poll(() => receiver.of(channel).slice(from).sort());

describe('a back end is notified by webhooks', () => {
  it('when a channel gets its first subscriber and loses its last one', async () => {
    const node = await startNode();
    const [one, two] = [await listen(node, 'updates'), await listen(node, 'updates')];
    await expectEvents('updates').toEqual(['occupied']);
    await leave(one);
    await leave(two);
    await expectEvents('updates').toEqual(['occupied', 'vacated']);
    expect(receiver.refused).toBe(0);
    expect(receiver.headers[0]).toMatchObject({ 'content-type': 'application/json', 'x-pusher-key': 'acme' });
  });

  it('of members, with their first and last connection', async () => {
    const node = await startNode();
    const [ann, again] = [await join(node, 'presence-room', 'ann'), await join(node, 'presence-room', 'ann')];
    const bob = await join(node, 'presence-room', 'bob');
    await leave(ann);
    await leave(bob);
    await expectEventsInAnyOrder('presence-room').toEqual([
      'added ann',
      'added bob',
      'occupied',
      'removed bob',
    ]);
    await leave(again);
    await expect.poll(() => receiver.of('presence-room').slice(4).sort()).toEqual(['removed ann', 'vacated']);
  });

  it('of nothing when a page is reloaded', async () => {
    const node = await startNode({ config: { ...quick, lingerMs: 60_000 } });
    let client = await join(node, 'presence-room', 'ann');
    for (let at = 0; at < 3; at += 1) {
      await leave(client);
      client = await join(node, 'presence-room', 'ann');
    }
    await listen(node, 'fence');
    await expectEvents('fence').toEqual(['occupied']);
    await expectEventsInAnyOrder('presence-room').toEqual(['added ann', 'occupied']);
  });

  it('of client events, with their sender', async () => {
    const node = await startNode();
    const client = await join(node, 'presence-room', 'ann');
    client.send({ event: 'client-wave', channel: 'presence-room', data: { n: 1 } });
    await expectEvents('presence-room').toContain('client_event ann');
    expect(receiver.events.at(-1)).toEqual({
      name: 'client_event',
      channel: 'presence-room',
      event: 'client-wave',
      data: '{"n":1}',
      socket_id: expect.stringMatching(/^\d+\.\d+$/),
      user_id: 'ann',
    });
  });

  it('of cache channels without a cached event', async () => {
    const node = await startNode();
    await listen(node, 'cache-weather');
    await expectEvents('cache-weather').toEqual(['cache_miss', 'occupied']);
    await node.gateway.api.trigger(1, { name: 'sun', channel: 'cache-weather', data: '{}' });
    await listen(node, 'cache-weather');
    await listen(node, 'fence');
    await expectEvents('fence').toEqual(['occupied']);
    expect(receiver.of('cache-weather').filter((one) => one === 'cache_miss')).toHaveLength(1);
  });

  it('of the events it has chosen only', async () => {
    const webhooks = [{ url: receiver.url, events: ['channel_vacated'] as const }];
    const node = await startNode({ apps: appsWith({ webhooks }) });
    await leave(await join(node, 'presence-room', 'ann'));
    await expectEvents('presence-room').toEqual(['vacated']);
  });

  it('of the subscriber count, if the app has enabled it', async () => {
    const node = await startNode({ apps: appsWith({ subscriptionCount: true }) });
    const first = await listen(node, 'updates');
    for (const count of [2, 3]) {
      await listen(node, 'updates');
      const received = async (): Promise<unknown> =>
        (await first.next('pusher_internal:subscription_count')).data;
      await expect.poll(received).toEqual({ subscription_count: count });
    }
    const counts = () => receiver.events.flatMap((one) => one.subscription_count ?? []);
    await expect.poll(() => counts().at(-1)).toBe(3);
    await join(node, 'presence-room', 'ann');
    await expectEvents('presence-room').toContain('added ann');
    expect(
      receiver.events.filter((one) => one.channel === 'presence-room').map(({ name }) => name),
    ).not.toContain('subscription_count');
  });

  it('of nothing on our own channels', async () => {
    const node = await startNode();
    const client = node.raw();
    await client.socketId();
    await subscribe(client, 'fence');
    await expectEvents('fence').toEqual(['occupied']);
    expect(receiver.events.filter(({ channel }) => channel.startsWith('#'))).toEqual([]);
  });
});

describe('webhooks', () => {
  it('are batched, and retried in order until they are accepted', async () => {
    receiver.answers.push(500, 0, 302, 404);
    let letGo = () => {};
    receiver.held = new Promise((resolve) => {
      letGo = resolve;
    });
    const node = await startNode();
    const client = node.raw();
    await client.socketId();
    const names = Array.from({ length: 120 }, (_, at) => `updates-${at}`);
    for (const name of names) client.subscribe(name);
    await client.settled();
    letGo();
    await expect
      .poll(() =>
        receiver.events.filter(({ name }) => name === 'channel_occupied').map(({ channel }) => channel),
      )
      .toEqual(names);
    expect(Math.max(...receiver.requests)).toBeLessThanOrEqual(50);
    // The first one was sent with the events there were, and the others waited for it.
    expect(receiver.requests.length).toBeLessThanOrEqual(7);
    expect(receiver.headers.length).toBe(receiver.requests.length + 4);
  });

  it('that are never accepted are abandoned, and later ones are delivered', async () => {
    const warned: string[] = [];
    const log = { ...quiet, warn: (_detail: object, message: string) => warned.push(message) };
    const node = await startNode({ log, config: { ...quick, webhookGiveUpMs: 100 } });
    receiver.answers.push(...Array.from({ length: 50 }, () => 500));
    await listen(node, 'lost');
    await expect.poll(() => warned).toContain('webhook delivery abandoned');
    receiver.answers.length = 0;
    await listen(node, 'later');
    await expectEvents('later').toEqual(['occupied']);
    expect(receiver.of('lost')).toEqual([]);
  });

  it('are flushed when the server stops', async () => {
    const node = await startNode({ config: { ...quick, webhookGatherMs: 60_000, lingerMs: 60_000 } });
    const client = await listen(node, 'updates');
    await client.settled();
    nodes.length = 0;
    await node.stop();
    await expectEvents('updates').toEqual(['occupied', 'vacated']);
  });
});

describe('over several nodes on a Redis', () => {
  const redis = useRedis();

  const busOf = () => createRedisBus({ url: redis.url, log: quiet, history: noHistory, heartbeatMs });
  async function startNodes(count: number): Promise<TestGateway[]> {
    const started = await Promise.all(Array.from({ length: count }, () => startNode({ bus: busOf() })));
    const control = await createClient({ url: redis.url }).connect();
    await expect.poll(() => control.zCard('mevrik:nodes')).toBe(count);
    control.destroy();
    return started;
  }

  it('each arrival and departure is reported once, on whichever node it happens', async () => {
    const all = await startNodes(3);
    const step = fc.record({ node: fc.nat(2), channel: fc.nat(2), user: fc.nat(1), leaves: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const round = `${Math.random()}`.slice(2);
        const here: { client: RawClient; channel: string; user: string }[] = [];
        await Promise.all(
          steps.map(async ({ node, channel, user, leaves }) => {
            const one = here.pop();
            if (leaves && one) return leave(one.client);
            if (one) here.push(one);
            const name = `presence-${round}-${channel}`;
            const client = await join(all[node] as TestGateway, name, `u${user}`);
            here.push({ client, channel: name, user: `u${user}` });
          }),
        );
        const isThere = (word: string, channel: string) =>
          word === ''
            ? here.some((one) => one.channel === channel)
            : here.some((one) => one.channel === channel && one.user === word);
        for (const channel of [0, 1, 2].map((at) => `presence-${round}-${at}`)) {
          for (const [word, comes, goes] of [
            ['', 'occupied', 'vacated'],
            ['u0', 'added u0', 'removed u0'],
            ['u1', 'added u1', 'removed u1'],
          ] as const) {
            const received = () => receiver.of(channel).filter((one) => one === comes || one === goes);
            await expect.poll(() => (received().at(-1) ?? goes) === comes).toBe(isThere(word, channel));
            expect(received().filter((_, at) => at % 2 === 0)).toEqual(
              received().filter((one) => one === comes),
            );
          }
        }
        await Promise.all(here.map(({ client }) => leave(client)));
      }),
      { numRuns: 8 },
    );
  });

  it('a killed node has its channels and members removed, also without another client there', async () => {
    const [node] = await startNodes(1);
    const killed = await startGatewayProcess({ REDIS_URL: redis.url, WEBHOOK_URL: receiver.url });
    await join(killed, 'presence-lonely', 'eve');
    await join(killed, 'presence-both', 'eve');
    await join(node as TestGateway, 'presence-both', 'ann');
    await expectEventsInAnyOrder('presence-lonely').toEqual(['added eve', 'occupied']);
    await expectEvents('presence-both').toHaveLength(3);
    await killHard(killed.child);
    await expectEventsInAnyOrder('presence-lonely', 2).toEqual(['removed eve', 'vacated']);
    await expectEvents('presence-both').toContain('removed eve');
    expect(receiver.of('presence-both')).not.toContain('vacated');
    await expect
      .poll(() => node?.gateway.api.channels(1, { prefix: '', info: [] }))
      .toMatchObject({ channels: { 'presence-both': {} } });
  });

  it('a member who joins before Redis is reached is reported once it is', async () => {
    const late = await startRedisProcess({});
    onTestFinished(() => late.stop());
    await late.end();
    const url = `redis://127.0.0.1:${late.port}`;
    const node = await startNode({
      bus: createRedisBus({ url, log: quiet, history: noHistory, heartbeatMs }),
    });
    await join(node, 'presence-early', 'ann');
    await late.begin();
    await expectEventsInAnyOrder('presence-early').toEqual(['added ann', 'occupied']);
  });

  it('a Redis that has lost its data causes no false events', async () => {
    const [one, two] = (await startNodes(2)) as [TestGateway, TestGateway];
    await join(one, 'presence-room', 'ann');
    await join(two, 'presence-room', 'bob');
    const passing = await listen(one, 'updates');
    await expectEvents('presence-room').toHaveLength(3);
    await expectEvents('updates').toEqual(['occupied']);
    await redis.restart();
    await expect
      .poll(() => two.gateway.api.channel(1, 'presence-room', ['subscription_count', 'user_count']))
      .toMatchObject({ user_count: 2 });
    await leave(passing);
    await expectEvents('updates').toEqual(['occupied', 'vacated']);
    await join(one, 'presence-room', 'cid');
    await expectEvents('presence-room').toHaveLength(4);
    expect(receiver.of('presence-room').slice(3)).toEqual(['added cid']);
  });

  it('leave nothing in Redis when all clients have gone', async () => {
    const all = await startNodes(2);
    const clients = await Promise.all([
      join(all[0] as TestGateway, 'presence-room', 'ann'),
      join(all[1] as TestGateway, 'presence-room', 'bob'),
    ]);
    await expectEvents('presence-room').toHaveLength(3);
    await Promise.all(clients.map(leave));
    await expectEvents('presence-room').toHaveLength(6);
    await Promise.all(nodes.splice(0).map((node) => node.stop()));
    const control = await createClient({ url: redis.url }).connect();
    const left = (await control.keys('mevrik:*')).filter((key) => !/:(nodes|life|presence-of:.*)$/.test(key));
    control.destroy();
    expect(left).toEqual([]);
  });
});

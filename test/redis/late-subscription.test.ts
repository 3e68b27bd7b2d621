import { createClient } from '@redis/client';
import { expect, it, onTestFinished } from 'vitest';
import type { BroadcastMessage } from '../../packages/server/src/broadcast/bus/broadcast-message.ts';
import type { Bus } from '../../packages/server/src/broadcast/bus/bus.ts';
import type { History } from '../../packages/server/src/broadcast/bus/history.ts';
import { noHistory } from '../../packages/server/src/broadcast/bus/history.ts';
import { createRedisBus } from '../../packages/server/src/broadcast/bus/redis-bus.ts';
import { quiet } from '../support/gateway.ts';
import { startNetwork } from '../support/network.ts';
import { startRedis } from '../support/redis.ts';

type Logged = BroadcastMessage & { readonly at: readonly [number, number] };

/** A log of one partition that ends at offset 4, and its events after that. */
function startLog(): { readonly log: Logged[]; readonly history: History } {
  const log: Logged[] = [];
  const history = {
    ...noHistory,
    mark: async () => new Map([[1, 4]]),
    heads: async () => new Map([[1, log.at(-1)?.at[1] ?? 4]]),
    since: async () => [...log],
  };
  return { log, history };
}

/** Two nodes on a Redis; the network between it and `connect`ed nodes can fall silent. */
async function startBuses() {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const network = await startNetwork(Number(new URL(redis.url).port));
  onTestFinished(() => network.stop());
  const { log, history } = startLog();
  const connect = (url: string): Bus => {
    const bus = createRedisBus({ url, log: quiet, history });
    onTestFinished(() => bus.stop());
    return bus;
  };
  const there = connect(redis.url);
  const client = await createClient({ url: redis.url }).connect();
  onTestFinished(() => client.destroy());
  return {
    network,
    connect: () => connect(network.url.replace('http', 'redis')),
    /** Appends an event to the log, and publishes it on the other node. */
    async publish(offset: number) {
      const message = {
        appId: 1,
        topic: 'messages',
        event: 'message_post',
        payload: {},
        at: [1, offset],
      } as const;
      log.push(message);
      await there.publish([message]);
      await there.reached();
    },
    isSubscribed: async (topic: string) => {
      const name = `mevrik:1:${topic}`;
      return (await client.pubSubNumSub([name]))[name] === 1;
    },
  };
}

/** The offsets that clients of a bus receive: duplicates and older ones are dropped, as in the hub. */
function offsetsAt(bus: Bus): number[] {
  const offsets: number[] = [];
  bus.receive(
    (message) => {
      const offset = 'at' in message ? message.at?.[1] : undefined;
      if (offset !== undefined && offset > (offsets.at(-1) ?? 0)) offsets.push(offset);
    },
    () => {},
  );
  return offsets;
}

type Buses = Awaited<ReturnType<typeof startBuses>>;

async function expectNothingMissed({ isSubscribed, publish }: Buses, offsets: readonly number[]) {
  await expect.poll(() => isSubscribed('messages')).toBe(true);
  await publish(6);
  await expect.poll(() => offsets).toEqual([5, 6]);
}

it('a subscription that Redis answers too late receives what was published meanwhile, in order', async () => {
  const buses = await startBuses();
  const { network, connect, publish, isSubscribed } = buses;
  const here = connect();
  const offsets = offsetsAt(here);
  await here.subscribe(1, 'other');
  await expect.poll(() => isSubscribed('other')).toBe(true);
  network.hold();
  await here.subscribe(1, 'messages');
  await publish(5);
  network.release();
  await expectNothingMissed(buses, offsets);
});

it('a subscription from before the first connection receives what was published until then', async () => {
  const buses = await startBuses();
  const { network, connect, publish } = buses;
  network.hold();
  const here = connect();
  const offsets = offsetsAt(here);
  await here.subscribe(1, 'messages');
  await publish(5);
  network.release();
  await expectNothingMissed(buses, offsets);
});

import { parsePusherChannel } from '@mevrik/protocol';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BroadcastMessage } from '../../packages/server/src/broadcast/bus/broadcast-message.ts';
import { createLocalBus } from '../../packages/server/src/broadcast/bus/bus.ts';
import { CatchUp } from '../../packages/server/src/broadcast/bus/catch-up.ts';
import { Traffic } from '../../packages/server/src/broadcast/bus/rate-meter.ts';
import { RedisOutbox } from '../../packages/server/src/broadcast/bus/redis-outbox.ts';
import { Hub } from '../../packages/server/src/broadcast/sockets/hub.ts';
import { quiet } from '../support/gateway.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What happens to two nodes and the Redis between them. */
type Step =
  | { readonly do: 'write'; readonly partition: number; readonly times: number }
  | { readonly do: 'cut publisher' | 'cut subscriber' | 'restore publisher' | 'restore subscriber' }
  | { readonly do: 'wait'; readonly ms: number };

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('write'),
      partition: fc.nat(2),
      times: fc.integer({ min: 1, max: 4 }),
    }),
  },
  fc.record({
    do: fc.constantFrom('cut publisher', 'cut subscriber', 'restore publisher', 'restore subscriber'),
  }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.constantFrom(1, 50, 3_000, 15_000) }) },
) as fc.Arbitrary<Step>;

const delay = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

/**
 * One node that broadcasts a log, another whose client subscribes to it, and connections between them that
 * can be cut.
 */
async function twoNodes(maxPublications: number) {
  const log: BroadcastMessage[] = [];
  const reached = new Map<number, number>();
  const received: (readonly [number, number])[] = [];
  const links = { publisher: true, subscriber: true };

  const hub = new Hub(createLocalBus(), new Traffic(), 1_000_000);
  const info = parsePusherChannel('messages');
  if (!info) throw new Error('the test is wrong');
  const client = {
    id: '1.1',
    isCompressed: false,
    overflow: () => {},
    send: (frame: Buffer) => {
      const text = frame.subarray(frame.readUInt8(1) < 126 ? 2 : 4).toString();
      received.push((JSON.parse(text) as { at: [number, number] }).at);
    },
  };
  await hub.subscribe(1, info, client);
  hub.confirm(1, 'messages', client);

  const catchUp = new CatchUp({
    history: {
      resume: async () => undefined,
      heads: async () => new Map(),
      mark: async () => new Map([0, 1, 2].map((partition) => [partition, reached.get(partition) ?? 0])),
      since: async (mark) => {
        const missed = log.filter(({ at }) => at && at[1] > (mark.get(at[0]) ?? 0));
        await delay(2);
        return missed;
      },
      forget() {},
    },
    log: quiet,
    subscribedSince: () => new Map(),
    deliver: (message) => hub.deliver(message),
    onMissed: () => received.push([-1, -1]),
  });
  await vi.advanceTimersByTimeAsync(0);

  const outbox = new RedisOutbox({
    isReady: () => links.publisher,
    send: async ({ text }) => {
      const arrives = links.subscriber;
      if (arrives) catchUp.receive(JSON.parse(text));
      // Redis has accepted it; whether we learn of that depends on the connection.
      await delay(1);
      if (!links.publisher) throw new Error('The connection is gone.');
    },
    reportGap: async () => {
      if (!links.publisher) throw new Error('The connection is gone.');
      if (links.subscriber) catchUp.gapReported();
    },
    maxPublications,
    maxBytes: 1_000_000,
    onLost: () => {},
  });
  await outbox.flush();

  function write(partition: number): void {
    const offset = log.filter(({ at }) => at?.[0] === partition).length + 1;
    const message: BroadcastMessage = {
      appId: 1,
      topic: 'messages',
      event: 'message_post',
      payload: {},
      at: [partition, offset],
    };
    log.push(message);
    void outbox.post({ name: 'messages', text: JSON.stringify(message), isRepeatable: true });
    void outbox.reached().then(() => reached.set(partition, Math.max(offset, reached.get(partition) ?? 0)));
  }

  return {
    log,
    received,
    async act(step: Step): Promise<void> {
      if (step.do === 'write') for (let n = 0; n < step.times; n += 1) write(step.partition);
      else if (step.do === 'wait') await vi.advanceTimersByTimeAsync(step.ms);
      else if (step.do === 'cut publisher') links.publisher = false;
      else if (step.do === 'cut subscriber') {
        links.subscriber = false;
        catchUp.disconnected();
      } else if (step.do === 'restore publisher') {
        links.publisher = true;
        // Messages in flight are known to have failed before a new connection is established.
        await vi.advanceTimersByTimeAsync(2);
        void outbox.flush();
      } else if (!links.subscriber) {
        catchUp.resubscribing();
        links.subscriber = true;
        catchUp.resubscribed(true);
      }
    },
    async stop() {
      outbox.stop();
      await catchUp.stop();
    },
  };
}

describe('a client of a node that is cut off repeatedly', () => {
  it.each([
    { maxPublications: 1_000, what: 'when all that waits can be kept' },
    { maxPublications: 3, what: 'when more waits than can be kept' },
  ])('receives everything once and in order $what', async ({ maxPublications }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 3, maxLength: 40 }), async (plan) => {
        const nodes = await twoNodes(maxPublications);
        for (const step of plan) await nodes.act(step);
        for (const end of ['restore publisher', 'restore subscriber'] as const) await nodes.act({ do: end });
        await vi.advanceTimersByTimeAsync(30_000);
        expect(nodes.received).not.toContainEqual([-1, -1]);
        for (const partition of [0, 1, 2]) {
          const offsets = nodes.received.filter(([of]) => of === partition).map(([, offset]) => offset);
          const written = nodes.log.filter(({ at }) => at?.[0] === partition).map(({ at }) => at?.[1]);
          expect(offsets).toEqual(written);
        }
        await nodes.stop();
      }),
      { numRuns: 1_500 },
    );
  });
});

import { describe, expect, it } from 'vitest';
import type { BroadcastMessage } from './broadcast-message.ts';
import { CatchUp } from './catch-up.ts';
import { type HistoryMark, noHistory } from './history.ts';

const missed: BroadcastMessage = {
  appId: 1,
  topic: 'queues',
  event: 'queue_created',
  payload: {},
  at: [0, 1],
};

describe('a gap that is interrupted while it is being filled', () => {
  it.each(Array.from({ length: 10 }, (_, turns) => turns))(
    'is filled when all subscriptions return %i microtasks after the first attempt',
    async (turns) => {
      let answer = () => {};
      const delivered: BroadcastMessage[] = [];
      const since = () =>
        new Promise<readonly BroadcastMessage[]>((resolve) => {
          answer = () => resolve([]);
        });
      const catchUp = new CatchUp({
        history: { ...noHistory, since },
        log: { info() {}, warn() {}, error() {} },
        subscribedSince: () => new Map(),
        deliver: (message) => delivered.push(message),
        onMissed: () => {},
      });
      await Promise.resolve();
      catchUp.disconnected();
      catchUp.resubscribing();
      catchUp.resubscribed(true);
      catchUp.resubscribing();
      catchUp.receive(missed);
      answer();
      for (let scheduler = 0; scheduler < turns; scheduler += 1) await Promise.resolve();
      catchUp.resubscribed(true);
      const answering = setInterval(() => answer(), 1);
      await expect.poll(() => delivered).toEqual([missed]);
      clearInterval(answering);
      await catchUp.stop();
    },
  );
});

describe('partitions that this node takes over', () => {
  const posted = (topic: string, offset: number): BroadcastMessage => ({
    appId: 1,
    topic,
    event: 'message_post',
    payload: {},
    at: [7, offset],
  });

  it('are filled from the last safe mark, without a message from before its subscription', async () => {
    const asked: [number | undefined, readonly number[] | undefined][] = [];
    const delivered: BroadcastMessage[] = [];
    const since = new Map<string, HistoryMark>([
      ['old', new Map([[7, 2]])],
      ['new', new Map([[7, 5]])],
    ]);
    const catchUp = new CatchUp({
      history: {
        ...noHistory,
        mark: async () => new Map([[7, 3]]),
        since: async (mark, partitions) => {
          asked.push([mark.get(7), partitions]);
          return [posted('old', 4), posted('new', 5), posted('unknown', 6), posted('new', 7)];
        },
      },
      log: { info() {}, warn() {}, error() {} },
      subscribedSince: ({ topic }) => since.get(topic),
      deliver: (message) => delivered.push(message),
      onMissed: () => {},
    });
    await catchUp.fill([7]);
    expect(asked).toEqual([[3, [7]]]);
    expect(delivered).toEqual([posted('old', 4), posted('new', 7)]);
    await catchUp.stop();
  });

  it('have clients reload their state when too much was missed', async () => {
    let reloads = 0;
    const catchUp = new CatchUp({
      history: { ...noHistory, since: async () => undefined },
      log: { info() {}, warn() {}, error() {} },
      subscribedSince: () => new Map(),
      deliver: () => {},
      onMissed: () => {
        reloads += 1;
      },
    });
    await catchUp.fill([7]);
    expect(reloads).toBe(1);
    await catchUp.stop();
  });
});

import { describe, expect, it } from 'vitest';
import type { BroadcastMessage } from './broadcast-message.ts';
import { CatchUp } from './catch-up.ts';
import { noHistory } from './history.ts';

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

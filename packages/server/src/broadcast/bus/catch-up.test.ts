import { describe, expect, it } from 'vitest';
import type { BroadcastMessage } from './broadcast-message.ts';
import { CatchUp } from './catch-up.ts';
import { noHistory } from './history.ts';

const news: BroadcastMessage = { appId: 1, topic: 'queues', event: 'queue_created', payload: {}, at: [0, 1] };

describe('a gap that is cut again while it is filled', () => {
  it.each(Array.from({ length: 10 }, (_, turns) => turns))(
    'is filled when all is mended %i microtasks after the first filling',
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
        heardSince: () => new Map(),
        deliver: (message) => delivered.push(message),
        onMissed: () => {},
      });
      await Promise.resolve();
      catchUp.cut();
      catchUp.mending();
      catchUp.mended(true);
      catchUp.mending();
      catchUp.take(news);
      answer();
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      catchUp.mended(true);
      const answering = setInterval(() => answer(), 1);
      await expect.poll(() => delivered).toEqual([news]);
      clearInterval(answering);
      await catchUp.stop();
    },
  );
});

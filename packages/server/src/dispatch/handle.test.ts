import { MessageChannel } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { standStill } from '../../../../test/support/stand-still.ts';
import { ListenerTimeoutError } from './errors.ts';
import { TimeLimit } from './handle.ts';

it('a listener is not late with what arrived while the process stood still', async () => {
  const { port1, port2 } = new MessageChannel();
  const limit = new TimeLimit(5);
  const { signal } = limit;
  const step = limit.run(
    () =>
      new Promise((resolve) => {
        port2.once('message', () => resolve());
      }),
  );
  port1.postMessage('');
  standStill(20);
  await step;
  // Nor is the next one, for the same standstill.
  await limit.run(async () => {});
  expect(signal.aborted).toBe(false);
  await expect(limit.run(() => new Promise(() => {}))).rejects.toThrow(ListenerTimeoutError);
  expect(signal.aborted).toBe(true);
  limit.end();
  port1.close();
});

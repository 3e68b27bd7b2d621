import { MessageChannel } from 'node:worker_threads';
import { afterEach, expect, it } from 'vitest';
import { standStill } from '../../../../test/support/stand-still.ts';
import { DeadlineError, within } from './deadline.ts';

const { port1, port2 } = new MessageChannel();
afterEach(() => port1.close());

it('counts what arrived while the process stood still, and nothing that comes later', async () => {
  const arrival = () =>
    new Promise<string>((resolve) => {
      port2.once('message', () => resolve('arrived'));
    });
  const inTime = within(5, arrival(), 'too late');
  port1.postMessage('');
  standStill(20);
  await expect(inTime).resolves.toBe('arrived');
  await expect(within(5, arrival(), 'too late')).rejects.toThrow(DeadlineError);
});

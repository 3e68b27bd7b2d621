import { expect, it } from 'vitest';
import { type Notice, notice } from './notice.ts';
import { createPublisher } from './publisher.ts';

const typing = notice('typing', 1, 'session1', { sessionId: 1, by: 'customer', typing: true });
const listChanged = notice('list_changed', 1, 'queues-app-1', { appId: 1, list: 'deliveries' });

function startPublisher(isEnabled: boolean, publishing: Promise<void> = Promise.resolve()) {
  const published: Notice[] = [];
  const warnings: string[] = [];
  const notify = createPublisher({
    isEnabled,
    publish: (notices) => {
      published.push(...notices);
      return publishing;
    },
    log: { warn: (_detail, message) => void warnings.push(message) },
  });
  return { notify, published, warnings };
}

it('publishes notices', () => {
  const { notify, published } = startPublisher(true);
  notify([typing, listChanged]);
  expect(published).toEqual(expect.arrayContaining([typing, listChanged]));
});

it('publishes nothing while broadcasting is disabled', () => {
  const { notify, published } = startPublisher(false);
  notify([typing, listChanged]);
  expect(published).toEqual([]);
});

it('logs a failure to publish any notice', async () => {
  const { notify, warnings } = startPublisher(true, Promise.reject(new Error('the bus is down')));
  notify([typing]);
  notify([listChanged]);
  await expect.poll(() => warnings).toEqual(Array(2).fill('failed to publish live notices'));
});

import { expect, it } from 'vitest';
import { queued } from '../../packages/server/src/dispatch/listener.ts';
import { recording } from '../support/dispatch.ts';
import { raise, useNodes } from '../support/dispatch-nodes.ts';

const { start } = useNodes();

it('the level debug logs what each listener did with each event, without contents', async () => {
  let failures = 1;
  const skipping = queued<unknown, 'NewCustomerProfileCreated'>({
    name: 'Skipping',
    summary: 'Wants nothing.',
    when: () => false,
    handle: async () => {},
  });
  const failing = recording('Failing', () => {
    if (failures-- > 0) throw new Error('once');
  });
  const node = await start([recording('First'), skipping, failing], {
    isDebugging: true,
  });
  await raise(node, 'key', 7);
  const lines = () => node.logged.filter(({ level }) => level === 'debug');
  const event = {
    type: 'NewCustomerProfileCreated',
    key: 'key',
    app: 1,
    offset: 1,
    event: expect.any(String),
  };
  const handled = { ...event, durationMs: expect.any(Number) };
  await expect
    .poll(lines)
    .toContainEqual(
      expect.objectContaining({ detail: expect.objectContaining({ listener: 'Failing', ...handled }) }),
    );
  await node.dispatcher.settled();
  expect(lines().map(({ message, detail }) => [message, detail])).toEqual(
    expect.arrayContaining([
      ['a listener handled an event', expect.objectContaining({ listener: 'First', ...handled })],
      ['a listener skipped an event', expect.objectContaining({ listener: 'Skipping', ...event })],
    ]),
  );
  expect(JSON.stringify(lines())).not.toContain('createdAt');
});

it('other levels log no line for an event', async () => {
  const node = await start([recording('First')]);
  await raise(node, 'key', 7);
  await node.dispatcher.settled();
  expect(node.logged.filter(({ level }) => level === 'debug')).toEqual([]);
});

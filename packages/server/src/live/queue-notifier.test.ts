import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Notice } from './notice.ts';
import { type QueuedSession, QueueNotifier } from './queue-notifier.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Starts a notifier for a queue of this length; records what it publishes. */
function startNotifier(length: number) {
  let queue: QueuedSession[] = Array.from({ length }, (_, at) => waiting(at + 1, at + 1));
  const published: Notice[] = [];
  const errors: unknown[] = [];
  let isDatabaseAway = false;
  const notifier = new QueueNotifier({
    notify: (notices) => void published.push(...notices),
    waitingIn: async () => {
      if (isDatabaseAway) throw new Error('the database is away');
      return queue;
    },
    queuesOf: async () => ['support'],
    appsOf: async ({ appIds }) => appIds,
    availabilityOf: async () => ({ isOpen: true, changesAt: null, isStaffed: true, hasOfflineForm: false }),
    servedBy: async () => [{ id: 7, appId: 1 }],
    onError: (error) => errors.push(error),
  });
  return {
    notifier,
    errors,
    take: () => {
      queue = queue.slice(1).map(({ sessionId }, at) => waiting(sessionId, at + 1));
      notifier.queueChanged(1, 'support');
    },
    /** The estimated wait changes without a change of the queue. */
    estimate: (estimateMinutes: number) => {
      queue = queue.map(({ sessionId, queuePosition }) => ({
        sessionId,
        queuePosition: { ...queuePosition, estimateMinutes },
      }));
    },
    setDatabaseAway: (isAway: boolean) => {
      isDatabaseAway = isAway;
    },
    /** The notices published during this time. */
    async after(ms: number) {
      published.length = 0;
      await vi.advanceTimersByTimeAsync(ms);
      return [...published];
    },
  };
}

const waiting = (sessionId: number, position: number): QueuedSession => ({
  sessionId,
  queuePosition: { position, estimateMinutes: null },
});
const topicsOf = (messages: readonly Notice[]) => messages.map(({ topic }) => topic);

describe('waiting customers', () => {
  it('are notified soon at the front of the queue and later behind it: 500 wait, and ten are served', async () => {
    const { notifier, take, after } = startNotifier(500);
    notifier.queueChanged(1, 'support');
    expect(await after(1000)).toHaveLength(500);
    for (let taken = 0; taken < 10; taken += 1) take();
    const front = await after(1000);
    expect(topicsOf(front)).toEqual(Array.from({ length: 20 }, (_, at) => `session${at + 11}`));
    expect(front[0]?.payload).toEqual({ ...waiting(11, 1) });
    const others = await after(10_000);
    expect(topicsOf(others)).toEqual(Array.from({ length: 470 }, (_, at) => `session${at + 31}`));
    expect(await after(120_000)).toEqual([]);
    await notifier.stop();
  });

  it('are notified of their position when they join, however long the queue is', async () => {
    const { notifier, after } = startNotifier(60);
    notifier.queueChanged(1, 'support');
    expect((await after(1000)).at(-1)).toEqual({
      appId: 1,
      topic: 'session60',
      event: 'queue_moved',
      payload: waiting(60, 60),
    });
    await notifier.stop();
  });

  it('are notified of a new estimate after their queue could not be read for a while', async () => {
    const { notifier, errors, estimate, setDatabaseAway, after } = startNotifier(30);
    notifier.queueChanged(1, 'support');
    expect(await after(20_000)).toHaveLength(30);
    setDatabaseAway(true);
    expect(await after(200_000)).toEqual([]);
    expect(errors).toContainEqual(new Error('the database is away'));
    setDatabaseAway(false);
    estimate(5);
    expect(await after(120_000)).toHaveLength(30);
    await notifier.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('are not notified after the queue is empty or the process stops', async () => {
    const { notifier, take, after } = startNotifier(1);
    take();
    expect(await after(200_000)).toEqual([]);
    notifier.availabilityChanged(1);
    notifier.queueChanged(1, 'support');
    await notifier.stop();
    expect(await after(200_000)).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('notifies the served customers, the agent and all visitors when an agent goes away', async () => {
  const { notifier, after } = startNotifier(0);
  const agent = { id: 3, name: 'Kim', availability: 'away', appIds: [1], role: 'agent' } as never;
  notifier.agentChanged(agent);
  const published = await after(2000);
  expect(published).toEqual([
    {
      appId: 1,
      topic: 'session7',
      event: 'agent_changed',
      payload: { sessionId: 7, agent: { name: 'Kim', availability: 'away' } },
    },
    { appId: 1, topic: 'agent3', event: 'availability_changed', payload: { agent } },
    {
      appId: 1,
      topic: 'opening',
      event: 'team_availability_changed',
      payload: { isOpen: true, changesAt: null, isStaffed: true, hasOfflineForm: false },
    },
  ]);
  await notifier.stop();
});

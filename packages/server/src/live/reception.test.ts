import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BroadcastMessage } from '../broadcast/bus/broadcast-message.ts';
import { createReception, type InLine } from './reception.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A queue of so many, and what its reception has told. */
function startReception(length: number) {
  let line: InLine[] = Array.from({ length }, (_, at) => inLine(at + 1, at + 1));
  const told: BroadcastMessage[] = [];
  const faults: unknown[] = [];
  const reception = createReception({
    publish: async (messages) => void told.push(...messages),
    waitingIn: async () => line,
    queuesOf: async () => ['support'],
    appsOf: async ({ appIds }) => appIds,
    opening: async () => ({ isOpen: true, changesAt: null, isStaffed: true, hasOfflineForm: false }),
    servedBy: async () => [{ id: 7, appId: 1 }],
    onFault: (fault) => faults.push(fault),
  });
  return {
    reception,
    faults,
    take: () => {
      line = line.slice(1).map(({ sessionId }, at) => inLine(sessionId, at + 1));
      reception.queueChanged(1, 'support');
    },
    /** What was told in the meantime. */
    async after(ms: number) {
      told.length = 0;
      await vi.advanceTimersByTimeAsync(ms);
      return [...told];
    },
  };
}

const inLine = (sessionId: number, position: number): InLine => ({
  sessionId,
  queuePosition: { position, estimateMinutes: null },
});
const topicsOf = (messages: readonly BroadcastMessage[]) => messages.map(({ topic }) => topic);

describe('those who wait', () => {
  it('are told at once when they are near, and at leisure when they are far: 500 wait, and ten are taken', async () => {
    const { reception, take, after } = startReception(500);
    reception.queueChanged(1, 'support');
    expect(await after(1000)).toHaveLength(500);
    for (let taken = 0; taken < 10; taken += 1) take();
    const front = await after(1000);
    expect(topicsOf(front)).toEqual(Array.from({ length: 20 }, (_, at) => `session${at + 11}`));
    expect(front[0]?.payload).toEqual({ ...inLine(11, 1) });
    const others = await after(10_000);
    expect(topicsOf(others)).toEqual(Array.from({ length: 470 }, (_, at) => `session${at + 31}`));
    expect(await after(120_000)).toEqual([]);
    reception.stop();
  });

  it('are told where they stand when they come, however far behind that is', async () => {
    const { reception, after } = startReception(60);
    reception.queueChanged(1, 'support');
    expect((await after(1000)).at(-1)).toEqual({
      appId: 1,
      topic: 'session60',
      event: 'queue_moved',
      payload: inLine(60, 60),
    });
    reception.stop();
  });

  it('hear nothing more once nobody waits, or the process ends', async () => {
    const { reception, take, after } = startReception(1);
    take();
    expect(await after(200_000)).toEqual([]);
    reception.openingChanged(1);
    reception.queueChanged(1, 'support');
    reception.stop();
    expect(await after(200_000)).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('an agent who goes away is seen by those whom they serve, and who is there by all', async () => {
  const { reception, after } = startReception(0);
  const agent = { id: 3, name: 'Kim', availability: 'away', appIds: [1], role: 'agent' } as never;
  reception.agentChanged(agent);
  const told = await after(2000);
  expect(told).toEqual([
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
  reception.stop();
});

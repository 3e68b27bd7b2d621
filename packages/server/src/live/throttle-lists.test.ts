import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BroadcastMessage } from '../broadcast/bus/broadcast-message.ts';
import { thinLists } from './throttle-lists.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const changed = (list: string, appId = 1): BroadcastMessage => ({
  appId,
  topic: `queues-app-${appId}`,
  event: 'list_changed',
  payload: { appId, list },
});
const other: BroadcastMessage = { appId: 1, topic: 'session1', event: 'message_status', payload: {} };

function thinned() {
  const told: BroadcastMessage[] = [];
  const publish = thinLists(async (messages) => {
    told.push(...messages);
  });
  return { told, publish };
}

describe('the news that a list has changed', () => {
  it('is told at once, and what follows within a second as one at its end', async () => {
    const { told, publish } = thinned();
    for (let times = 0; times < 50; times++) await publish([changed('deliveries')]);
    expect(told).toEqual([changed('deliveries')]);
    vi.advanceTimersByTime(1_000);
    expect(told).toEqual([changed('deliveries'), changed('deliveries')]);
    vi.advanceTimersByTime(10_000);
    expect(told).toHaveLength(2);
    await publish([changed('deliveries')]);
    expect(told).toHaveLength(3);
  });

  it('is thinned out for each list of each app by itself', async () => {
    const { told, publish } = thinned();
    const all = [changed('deliveries'), changed('webhook-events'), changed('deliveries', 2)];
    await publish([...all, ...all]);
    expect(told).toEqual(all);
  });

  it('keeps no other news waiting, and none of them is left out', async () => {
    const { told, publish } = thinned();
    await publish([changed('deliveries')]);
    await publish([other, changed('deliveries'), other]);
    expect(told).toEqual([changed('deliveries'), other, other]);
  });

  it('is told again when telling it has failed', async () => {
    const publish = thinLists(() => Promise.reject(new Error('the bus is away')));
    await expect(publish([changed('deliveries')])).rejects.toThrow('the bus is away');
    await publish([changed('deliveries')]);
    await vi.advanceTimersByTimeAsync(3_000);
    await expect(publish([changed('deliveries')])).rejects.toThrow('the bus is away');
  });
});

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createAlarm } from './alarm.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** An alarm, and what it has woken so far. */
function listen() {
  const woken: (readonly string[])[] = [];
  const alarm = createAlarm(async (keys) => void woken.push(keys));
  return { alarm, woken };
}

it('wakes each conversation on time, and those due together at once', () => {
  const { alarm, woken } = listen();
  alarm.set('b', 500);
  alarm.set('a', 100);
  alarm.set('a too', 100);
  alarm.set('a', 100);
  vi.advanceTimersByTime(90);
  expect(woken).toEqual([]);
  vi.advanceTimersByTime(60);
  expect(woken.flat().toSorted()).toEqual(['a', 'a too']);
  vi.advanceTimersByTime(400);
  expect(woken.at(-1)).toEqual(['b']);
});

it('never wakes too early', () => {
  const { alarm, woken } = listen();
  for (const ms of [0.2, 1, 19.5, 20, 33.3]) {
    const before = performance.now();
    alarm.set('a', ms);
    while (woken.length === 0) vi.advanceTimersByTime(1);
    expect(performance.now() - before).toBeGreaterThanOrEqual(ms);
    woken.length = 0;
  }
});

it('leaves long delays to the queue, and wakes none after it was stopped', () => {
  const { alarm, woken } = listen();
  alarm.set('tomorrow', 86_400_000);
  alarm.set('soon', 50);
  alarm.stop();
  alarm.set('after the stop', 10);
  vi.advanceTimersByTime(86_500_000);
  expect(woken).toEqual([]);
});

it('continues after waking has failed', () => {
  const wake = vi.fn().mockRejectedValue(new Error('no database'));
  const alarm = createAlarm(wake);
  alarm.set('a', 10);
  vi.advanceTimersByTime(50);
  alarm.set('b', 10);
  vi.advanceTimersByTime(50);
  expect(wake.mock.calls.map(([keys]) => keys)).toEqual([['a'], ['b']]);
});

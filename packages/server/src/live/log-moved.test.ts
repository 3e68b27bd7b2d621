import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LogMovedThrottle } from './log-moved.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function startThrottle() {
  const published: (readonly number[])[] = [];
  return { published, throttle: new LogMovedThrottle((appIds) => published.push(appIds)) };
}

it('publishes the first change at once, and those of the next half second together', () => {
  const { published, throttle } = startThrottle();
  throttle.add([{ appId: 1 }]);
  for (const appId of [1, 2, 1, 2]) throttle.add([{ appId }]);
  expect(published).toEqual([[1]]);
  vi.advanceTimersByTime(500);
  expect(published).toEqual([[1], [1, 2]]);
  vi.advanceTimersByTime(5_000);
  expect(published).toHaveLength(2);
  throttle.add([{ appId: 3 }]);
  expect(published.at(-1)).toEqual([3]);
});

it('publishes what is pending when it is stopped, and nothing after', () => {
  const { published, throttle } = startThrottle();
  throttle.add([{ appId: 1 }]);
  throttle.add([{ appId: 2 }]);
  throttle.stop();
  throttle.add([{ appId: 3 }]);
  vi.advanceTimersByTime(5_000);
  expect(published).toEqual([[1], [2]]);
});

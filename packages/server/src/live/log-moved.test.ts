import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LogNews } from './log-moved.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function listened() {
  const told: (readonly number[])[] = [];
  return { told, news: new LogNews((appIds) => told.push(appIds)) };
}

it('tells the first change at once, and those of the next half second together', () => {
  const { told, news } = listened();
  news.note([{ appId: 1 }]);
  for (const appId of [1, 2, 1, 2]) news.note([{ appId }]);
  expect(told).toEqual([[1]]);
  vi.advanceTimersByTime(500);
  expect(told).toEqual([[1], [1, 2]]);
  vi.advanceTimersByTime(5_000);
  expect(told).toHaveLength(2);
  news.note([{ appId: 3 }]);
  expect(told.at(-1)).toEqual([3]);
});

it('tells what is left when it is stopped, and nothing after', () => {
  const { told, news } = listened();
  news.note([{ appId: 1 }]);
  news.note([{ appId: 2 }]);
  news.stop();
  news.note([{ appId: 3 }]);
  vi.advanceTimersByTime(5_000);
  expect(told).toEqual([[1], [2]]);
});

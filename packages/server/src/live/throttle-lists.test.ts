import type { NoticePayloads } from '@mevrik/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Notice, notice } from './notice.ts';
import { throttleLists } from './throttle-lists.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const changed = (list: NoticePayloads['list_changed']['list'], appId = 1) =>
  notice('list_changed', appId, `queues-app-${appId}`, { appId, list });
const other = notice('typing', 1, 'session1', { sessionId: 1, by: 'customer', typing: true });

function startThrottle() {
  const published: Notice[] = [];
  const publish = throttleLists((notices) => void published.push(...notices));
  return { published, publish };
}

describe('list_changed', () => {
  it('is published at once, and those of the next second as one at its end', () => {
    const { published, publish } = startThrottle();
    for (let times = 0; times < 50; times++) publish([changed('deliveries')]);
    expect(published).toEqual([changed('deliveries')]);
    vi.advanceTimersByTime(1_000);
    expect(published).toEqual([changed('deliveries'), changed('deliveries')]);
    vi.advanceTimersByTime(10_000);
    expect(published).toHaveLength(2);
    publish([changed('deliveries')]);
    expect(published).toHaveLength(3);
  });

  it('is throttled separately for each list of each app', () => {
    const { published, publish } = startThrottle();
    const all = [changed('deliveries'), changed('webhook-events'), changed('deliveries', 2)];
    publish([...all, ...all]);
    expect(published).toEqual(all);
  });

  it('neither delays nor drops other notices', () => {
    const { published, publish } = startThrottle();
    publish([changed('deliveries')]);
    publish([other, changed('deliveries'), other]);
    expect(published).toEqual([changed('deliveries'), other, other]);
  });
});

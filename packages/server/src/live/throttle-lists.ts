import type { Notice, Notify } from './notice.ts';

/** Each node publishes at most one `list_changed` per list in this time. */
const intervalMs = 1_000;

/**
 * Throttles `list_changed` notices: publishes the first at once, and those of the next second as one at its end.
 * Publishes all other notices unchanged.
 */
export function throttleLists(publish: Notify): Notify {
  /** The lists published within the interval, with the notice to publish at its end. */
  const throttled = new Map<string, Notice | undefined>();

  function publishList(key: string, notice: Notice): void {
    throttled.set(key, undefined);
    setTimeout(() => {
      const next = throttled.get(key);
      throttled.delete(key);
      if (next) publishList(key, next);
    }, intervalMs).unref();
    publish([notice]);
  }

  return (notices) => {
    const others: Notice[] = [];
    for (const notice of notices) {
      if (!isListChanged(notice)) {
        others.push(notice);
        continue;
      }
      const key = `${notice.appId} ${notice.payload.list}`;
      if (throttled.has(key)) throttled.set(key, notice);
      else publishList(key, notice);
    }
    if (others.length > 0) publish(others);
  };
}

function isListChanged(notice: Notice): notice is Notice<'list_changed'> {
  return notice.event === 'list_changed';
}

/** Later than this the poll of the queue is soon enough. */
const soonMs = 30_000;
/** Those that are due within so many milliseconds are woken together. */
const togetherMs = 20;
/** More are left to the poll of the queue. */
const most = 50_000;

/**
 * Wakes conversations at their time. The queue looks but every two seconds for what is due, which is too seldom where
 * many wait for turns some milliseconds apart. It is a help only: what dies with this process the queue still has.
 */
export interface Alarm {
  /** Wakes a conversation in so many milliseconds. */
  set(conversationKey: string, inMs: number): void;
  stop(): void;
}

/** Makes an alarm; `wake` is given all that are due, and may fail. */
export function createAlarm(wake: (conversationKeys: readonly string[]) => Promise<void>): Alarm {
  const due = new Map<number, Set<string>>();
  const timers = new Set<NodeJS.Timeout>();
  let waiting = 0;
  let stopped = false;

  function ring(at: number, timer: NodeJS.Timeout): void {
    timers.delete(timer);
    const keys = [...(due.get(at) ?? [])];
    due.delete(at);
    waiting -= keys.length;
    wake(keys).catch(() => {});
  }

  return {
    set(conversationKey, inMs) {
      if (stopped || inMs > soonMs || waiting >= most) return;
      const at = Math.ceil((performance.now() + Math.max(0, inMs)) / togetherMs) * togetherMs;
      const known = due.get(at);
      const keys = known ?? new Set<string>();
      if (!keys.has(conversationKey)) waiting++;
      keys.add(conversationKey);
      if (known) return;
      due.set(at, keys);
      const timer = setTimeout(() => ring(at, timer), at - performance.now() + 1);
      timer.unref();
      timers.add(timer);
    },
    stop() {
      stopped = true;
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

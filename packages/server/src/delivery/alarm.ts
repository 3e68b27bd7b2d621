/** Longer delays are left to the job queue. */
const maxDelayMs = 30_000;
/** Conversations that are due within this many milliseconds are woken together. */
const groupMs = 20;
/** The maximum number of waiting conversations; further ones are left to the job queue. */
const maxWaiting = 50_000;

/**
 * Wakes conversations on time. The job queue looks for due jobs once a second, which is too slow where many wait for slots
 * a few milliseconds apart. This is only an optimisation: every wake-up is also a job in the queue.
 */
export interface Alarm {
  /** Wakes a conversation after `inMs` milliseconds. */
  set(conversationKey: string, inMs: number): void;
  stop(): void;
}

/** Creates an alarm. `wake` is called with all the conversations that are due; it may reject. */
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
    // The job queue wakes them if this fails.
    wake(keys).catch(() => {});
  }

  return {
    set(conversationKey, inMs) {
      if (stopped || inMs > maxDelayMs || waiting >= maxWaiting) return;
      const at = Math.ceil((performance.now() + Math.max(0, inMs)) / groupMs) * groupMs;
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

import type { HealthChange } from '@mevrik/protocol';

/** The options of `startWatch`. */
export interface WatchOptions {
  readonly everyMs: number;
  /** Stores the statistics of this process. */
  readonly store: () => Promise<void>;
  /** Whether this is the one process that checks the health of the whole system. */
  readonly isTurn: () => boolean;
  /** Checks the health of all parts. @returns the changes. */
  readonly check: () => Promise<readonly HealthChange[]>;
  /** Called with changes and, once a minute, when there are new statistics. */
  readonly onUpdate: (update: {
    readonly changes: readonly HealthChange[];
    readonly hasStatistics: boolean;
  }) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** Checks at a fixed interval, one check at a time, until it is stopped; then stores the remaining statistics. */
export function startWatch(options: WatchOptions): { stop(): Promise<void> } {
  const { everyMs, store, isTurn, check, onUpdate, onError } = options;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let notifiedMinute = minute();
  let round: Promise<void> = Promise.resolve();

  async function once(): Promise<void> {
    await store().catch(onError);
    if (!isTurn()) return;
    const changes = await check();
    const hasStatistics = minute() !== notifiedMinute;
    notifiedMinute = minute();
    if (changes.length > 0 || hasStatistics) await onUpdate({ changes, hasStatistics });
  }

  function later(): void {
    if (isStopped) return;
    timer = setTimeout(() => {
      round = once().catch(onError).finally(later);
    }, everyMs);
    timer.unref();
  }

  later();
  return {
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await round;
      await store().catch(onError);
    },
  };
}

const minute = () => Math.floor(Date.now() / 60_000);

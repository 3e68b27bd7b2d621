import type { HealthChange } from '@mevrik/protocol';

/** What a watch does, and with what. */
export interface WatchOptions {
  readonly everyMs: number;
  /** Stores what this process has counted. */
  readonly store: () => Promise<void>;
  /** Whether this is the process that looks at the whole: of several, one does. */
  readonly isTurn: () => boolean;
  /** Looks at the health of all parts. @returns what has changed. */
  readonly look: () => Promise<readonly HealthChange[]>;
  /** Tells the screens of changes, and that there are new figures once a minute. */
  readonly tell: (news: {
    readonly changes: readonly HealthChange[];
    readonly hasFigures: boolean;
  }) => Promise<void>;
  readonly onFault: (error: unknown) => void;
}

/** Looks again and again, one look after another, until it is stopped; then stores what there is once more. */
export function startWatch(options: WatchOptions): { stop(): Promise<void> } {
  const { everyMs, store, isTurn, look, tell, onFault } = options;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let toldMinute = minute();
  let round: Promise<void> = Promise.resolve();

  async function once(): Promise<void> {
    await store().catch(onFault);
    if (!isTurn()) return;
    const changes = await look();
    const hasFigures = minute() !== toldMinute;
    toldMinute = minute();
    if (changes.length > 0 || hasFigures) await tell({ changes, hasFigures });
  }

  function later(): void {
    if (isStopped) return;
    timer = setTimeout(() => {
      round = once().catch(onFault).finally(later);
    }, everyMs);
    timer.unref();
  }

  later();
  return {
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await round;
      await store().catch(onFault);
    },
  };
}

const minute = () => Math.floor(Date.now() / 60_000);

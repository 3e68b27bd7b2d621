import type { WorkerEvents } from 'graphile-worker';

/**
 * Limits how many jobs of one app run at the same time, so that one whose bot or provider hangs leaves slots to the
 * others. Jobs name their app by a flag (`appFlag`).
 */
export class AppSlots {
  readonly #limit: number;
  /** How many jobs with each flag run here. */
  readonly #running = new Map<string, number>();
  /** Jobs being fetched: each may turn out to be one of any app. */
  #fetching = 0;
  readonly #waiting: (() => void)[] = [];

  /** @param events of the queue: they say which jobs run. */
  constructor(limit: number, events: WorkerEvents) {
    this.#limit = limit;
    // One of these three follows each fetch.
    events.on('job:start', ({ job }) => {
      this.#count(job.flags, 1);
      this.#fetched();
    });
    events.on('worker:getJob:empty', () => this.#fetched());
    events.on('worker:getJob:error', () => this.#fetched());
    events.on('job:complete', ({ job }) => this.#count(job.flags, -1));
  }

  /** For graphile-worker, which asks before each fetch: the flags of apps without a free slot. */
  readonly forbiddenFlags = async (): Promise<string[]> => {
    // No more fetches than one app has slots: all of them may be of an app that has no job running yet.
    while (this.#fetching >= this.#limit) {
      await new Promise<void>((resume) => {
        this.#waiting.push(resume);
      });
    }
    const fetching = this.#fetching++;
    return [...this.#running].flatMap(([flag, count]) => (count + fetching >= this.#limit ? [flag] : []));
  };

  /** Call before a queue starts again: what ran when it stopped may never report. */
  reset(): void {
    this.#running.clear();
    this.#fetching = 0;
    for (const resume of this.#waiting.splice(0)) resume();
  }

  #fetched(): void {
    this.#fetching = Math.max(0, this.#fetching - 1);
    this.#waiting.shift()?.();
  }

  #count(flags: Readonly<Record<string, true>> | null, change: number): void {
    for (const flag of Object.keys(flags ?? {})) {
      const count = (this.#running.get(flag) ?? 0) + change;
      if (count > 0) this.#running.set(flag, count);
      else this.#running.delete(flag);
    }
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import { isPostmasterOf, type Postmaster, shutDown } from './embedded-postmaster.ts';

/** Where the embedded database reports. */
export interface EmbeddedLog {
  info(message: string): void;
  warn(message: string, err?: unknown): void;
}

/** The dependencies of a supervisor. */
export interface SupervisorDeps {
  /** PostgreSQL's data directory. */
  readonly data: string;
  readonly log: EmbeddedLog;
  /** Starts PostgreSQL again; rejects if it does not start, or the signal is aborted. */
  readonly restart: (signal: AbortSignal) => Promise<Postmaster>;
  /** Called when it did not start; `retryMs` is the time until the next attempt. */
  readonly onStartFailed: (error: unknown, retryMs: number) => void;
}

const watchMs = 250;
/**
 * The wait after PostgreSQL did not start, for example because the disk is full; it doubles with each failure. It is never
 * long: once there is room again, everyone waits for it.
 */
const retryMs = { first: 500, longest: 3_000 };

/** Starts PostgreSQL again whenever it ends by itself, until `stop`. */
export class Supervisor {
  readonly #deps: SupervisorDeps;
  readonly #stopping = new AbortController();
  readonly #supervising: Promise<void>;
  #postmaster: Postmaster;

  constructor(postmaster: Postmaster, deps: SupervisorDeps) {
    this.#postmaster = postmaster;
    this.#deps = deps;
    this.#supervising = this.#supervise();
  }

  /** The process that runs now, or ran last. */
  get pid(): number {
    return this.#postmaster.pid;
  }

  /** Stops PostgreSQL. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#supervising;
    await shutDown(this.#postmaster, this.#deps.data, this.#deps.log);
  }

  async #supervise(): Promise<void> {
    const { data, log } = this.#deps;
    const { signal } = this.#stopping;
    let absences = 0;
    while (!signal.aborted) {
      absences = isPostmasterOf(this.pid, data) ? 0 : absences + 1;
      // Once could be an error in reading the list of processes.
      if (absences > 1) {
        log.warn(`PostgreSQL (pid ${this.pid}) ended unexpectedly: starting it again`);
        await this.#startAgain();
        absences = 0;
      } else await this.#pause(watchMs);
    }
  }

  async #startAgain(): Promise<void> {
    const { log, restart, onStartFailed } = this.#deps;
    for (let waitMs = retryMs.first; !this.#stopping.signal.aborted; ) {
      try {
        this.#postmaster = await restart(this.#stopping.signal);
        log.info(`PostgreSQL is running again (pid ${this.pid})`);
        return;
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        onStartFailed(error, waitMs);
      }
      await this.#pause(waitMs);
      waitMs = Math.min(waitMs * 2, retryMs.longest);
    }
  }

  #pause(ms: number): Promise<void> {
    return delay(ms, undefined, { signal: this.#stopping.signal, ref: false }).catch(() => {
      // Stopping.
    });
  }
}

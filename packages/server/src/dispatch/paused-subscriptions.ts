import type { DispatchOptions } from './dispatch-options.ts';
import { countParked } from './parking.ts';
import { pausedSubscriptions, pauseSubscription } from './registry.ts';

type PausedOptions = Pick<DispatchOptions, 'database' | 'parkedLimit' | 'observe' | 'log'>;

/** The paused subscriptions, as of the last reload; pauses those with too many parked events. */
export class PausedSubscriptions {
  readonly #options: PausedOptions;
  #names: ReadonlySet<string> = new Set();

  constructor(options: PausedOptions) {
    this.#options = options;
  }

  /** Whether a subscription is paused. */
  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Reads them from the database. */
  async reload(): Promise<void> {
    this.#names = await pausedSubscriptions(this.#options.database);
  }

  /** Pauses a subscription that has reached the limit of parked events. Errors are logged. */
  async enforceLimit(name: string): Promise<void> {
    const { database, parkedLimit, observe, log } = this.#options;
    try {
      const count = await countParked(database.sql, name, parkedLimit);
      if (count < parkedLimit || this.#names.has(name)) return;
      this.#names = new Set([...this.#names, name]);
      await pauseSubscription(database, name, `${count} events are parked, which is the limit`);
      observe.paused(name);
      log.error({ listener: name, parked: count }, 'a listener was paused: too many parked events');
    } catch (error) {
      log.warn({ err: error }, 'failed to count parked events');
    }
  }
}

import type { DispatchOptions } from './dispatch-options.ts';
import { countParked } from './parking.ts';
import type { LogPoll } from './poll-log.ts';
import type { Pauses } from './positions.ts';

type PausedOptions = Pick<DispatchOptions, 'database' | 'parkedLimit' | 'observe' | 'log'>;

const noApps: ReadonlySet<number> = new Set();

/** For which apps subscriptions are paused, as of the last reload; pauses them for apps with too many parked events. */
export class PausedApps implements Pauses {
  readonly #options: PausedOptions;
  #apps: ReadonlyMap<string, ReadonlySet<number>> = new Map();
  /** How often this node itself has paused something. */
  #own = 0;
  /** Resolves after the last read that has begun. */
  #reading: Promise<unknown> = Promise.resolve();

  constructor(options: PausedOptions) {
    this.#options = options;
  }

  appsOf(subscription: string): ReadonlySet<number> {
    return this.#apps.get(subscription) ?? noApps;
  }

  /**
   * Takes over what was read from the database, and returns it. One read runs at a time: of two at once, the older could
   * end last, and undo what an administrator has changed between them.
   */
  reload<Log extends Pick<LogPoll, 'paused'>>(read: () => Promise<Log>): Promise<Log> {
    const reload = this.#reading.then(() => this.#reload(read));
    // It fails for its caller; the next one reads all the same.
    this.#reading = reload.catch(() => undefined);
    return reload;
  }

  async #reload<Log extends Pick<LogPoll, 'paused'>>(read: () => Promise<Log>): Promise<Log> {
    const own = this.#own;
    const log = await read();
    // What was paused in the meantime is not in it.
    if (own === this.#own) this.#apps = log.paused;
    return log;
  }

  /** Pauses a subscription for an app that has reached the limit of parked events. Errors are logged. */
  async enforceLimit(subscription: string, appId: number): Promise<void> {
    const { database, parkedLimit, observe, log } = this.#options;
    try {
      const count = await countParked(database.sql, { subscription, appId, limit: parkedLimit });
      if (count < parkedLimit || this.appsOf(subscription).has(appId)) return;
      this.#own += 1;
      this.#apps = new Map(this.#apps).set(subscription, new Set([...this.appsOf(subscription), appId]));
      const reason = `${count.toLocaleString('en')} events are parked, which is the limit`;
      const paused = await database.sql`
        INSERT INTO paused_apps (subscription, app_id, reason) VALUES (${subscription}, ${appId}, ${reason})
        ON CONFLICT DO NOTHING`;
      this.#own += 1;
      if (paused.count === 0) return;
      observe.paused(subscription);
      const detail = { listener: subscription, app: appId, parked: count };
      log.error(detail, 'a listener was paused for an app: too many parked events');
    } catch (error) {
      log.warn({ err: error }, 'failed to count parked events');
    }
  }
}

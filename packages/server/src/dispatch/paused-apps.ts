import type { DispatchOptions } from './dispatch-options.ts';
import { countParked } from './parking.ts';
import type { Pauses } from './positions.ts';

type PausedOptions = Pick<DispatchOptions, 'database' | 'parkedLimit' | 'observe' | 'log'>;

const noApps: ReadonlySet<number> = new Set();

/** For which apps subscriptions are paused, as of the last reload; pauses them for apps with too many parked events. */
export class PausedApps implements Pauses {
  readonly #options: PausedOptions;
  #apps: ReadonlyMap<string, ReadonlySet<number>> = new Map();
  /** How often this node itself has paused something. */
  #own = 0;

  constructor(options: PausedOptions) {
    this.#options = options;
  }

  appsOf(subscription: string): ReadonlySet<number> {
    return this.#apps.get(subscription) ?? noApps;
  }

  /** Reads them from the database. */
  async reload(): Promise<void> {
    const own = this.#own;
    const rows = await this.#options.database.sql<{ subscription: string; apps: number[] }[]>`
      SELECT subscription, array_agg(app_id) AS apps FROM paused_apps GROUP BY subscription`;
    // What was paused in the meantime is not among the rows.
    if (own === this.#own)
      this.#apps = new Map(rows.map(({ subscription, apps }) => [subscription, new Set(apps)]));
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

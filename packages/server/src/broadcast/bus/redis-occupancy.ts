import { randomUUID } from 'node:crypto';
import { type RedisLink, withTimeout } from '../../redis/redis-link.ts';
import type { GatewayLog } from '../gateway-deps.ts';
import { createLocalOccupancy, type Occupancy, type OccupancyChange } from './occupancy.ts';
import { buryCounts, type OccupancyKeys, type SumChange, writeCounts } from './occupancy-hash.ts';

/** What occupancy over Redis is given. */
export interface RedisOccupancyOptions {
  readonly link: RedisLink;
  readonly log: GatewayLog;
  readonly prefix: string;
  /** This process's own name. */
  readonly node: string;
  /** How often this node says that it lives; three missed ones, and another takes its counts away. */
  readonly heartbeatMs: number;
}

/** What this node knows of an app. */
interface AppCounts {
  /** Channels whose count Redis does not know yet. */
  readonly changed: Set<string>;
  /** What Redis was told last. */
  readonly told: Map<string, number>;
  life: string;
  /** When this node's heart beat last, in milliseconds since 1970. */
  beatAt: number;
  writing: Promise<void> | undefined;
}

/** Changes are gathered for so long. */
const gatherMs = 50;
const missedBeats = 3;
/** In one script: Redis does nothing else meanwhile. */
const countsAtOnce = 500;

/**
 * Counts over all nodes, exact as long as Redis is there; each change of a sum is told to the one node whose script
 * made it. While Redis is gone each node counts for itself, and nobody is told of changes until it is back.
 */
export class RedisOccupancy implements Occupancy {
  readonly #with: RedisOccupancyOptions;
  readonly #local = createLocalOccupancy();
  readonly #apps = new Map<number, AppCounts>();
  readonly #heart: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  #observer: (change: OccupancyChange) => void = () => {};

  constructor(options: RedisOccupancyOptions) {
    this.#with = options;
    this.#heart = setInterval(() => this.#beat(), options.heartbeatMs).unref();
  }

  observe(observer: (change: OccupancyChange) => void): void {
    this.#observer = observer;
  }

  set(appId: number, channel: string, count: number): void {
    this.#local.set(appId, channel, count);
    this.#app(appId).changed.add(channel);
    this.#timer ??= setTimeout(() => this.#flush(), gatherMs).unref();
  }

  async list(appId: number): Promise<ReadonlyMap<string, number>> {
    try {
      const changed = [...this.#app(appId).changed];
      const [sums, untold] = await Promise.all([
        withTimeout(this.#with.link.hGetAll(this.#keysOf(appId).sums)),
        this.#untold(appId, changed),
      ]);
      const all = new Map(Object.entries(sums).map(([channel, sum]) => [channel, Number(sum)]));
      for (const [at, channel] of changed.entries()) {
        const sum = (all.get(channel) ?? 0) + (untold[at] ?? 0);
        if (sum > 0) all.set(channel, sum);
        else all.delete(channel);
      }
      return all;
    } catch (error) {
      this.#warn(error);
      return new Map(this.#local.list(appId));
    }
  }

  async countOf(appId: number, channel: string): Promise<number> {
    try {
      const [sum, [untold = 0]] = await Promise.all([
        withTimeout(this.#with.link.hGet(this.#keysOf(appId).sums, channel)),
        this.#untold(appId, [channel]),
      ]);
      return Math.max(0, Number(sum ?? 0) + untold);
    } catch (error) {
      this.#warn(error);
      return this.#local.list(appId).get(channel) ?? 0;
    }
  }

  /** Tells Redis what it lost, or never learnt. */
  restore(): void {
    for (const [appId, app] of this.#apps) {
      void this.#renew(appId, app).catch((error: unknown) => this.#warn(error));
    }
  }

  #beat(): void {
    for (const [appId, app] of this.#apps) {
      void this.#renew(appId, app)
        .then(() => this.#buryTheDead(appId, app))
        .catch((error: unknown) => this.#warn(error));
    }
  }

  async settled(): Promise<void> {
    clearTimeout(this.#timer);
    this.#flush();
    await Promise.all([...this.#apps.values()].map(({ writing }) => writing));
  }

  async stop(): Promise<void> {
    clearInterval(this.#heart);
    await this.settled();
  }

  #app(appId: number): AppCounts {
    const known = this.#apps.get(appId);
    if (known) return known;
    const made: AppCounts = {
      changed: new Set(),
      told: new Map(),
      life: '',
      beatAt: Date.now(),
      writing: undefined,
    };
    this.#apps.set(appId, made);
    return made;
  }

  /**
   * How many more hear each channel here than the sums have. What the sums have of us is read from Redis right after
   * them: what was told last is not it, while that is on its way.
   */
  async #untold(appId: number, channels: readonly string[]): Promise<number[]> {
    if (channels.length === 0) return [];
    const here = this.#local.list(appId);
    const now = channels.map((channel) => here.get(channel) ?? 0);
    const told = await withTimeout(this.#with.link.hmGet(this.#keysOf(appId).own, [...channels]));
    return now.map((count, at) => count - Number(told[at] ?? 0));
  }

  #flush(): void {
    this.#timer = undefined;
    for (const appId of this.#apps.keys()) this.#write(appId);
  }

  /** One at a time for each app, so that changes are told in their order. */
  #write(appId: number): void {
    const app = this.#app(appId);
    app.writing ??= this.#writeAll(appId, app)
      .catch((error: unknown) => this.#warn(error))
      .finally(() => {
        app.writing = undefined;
      });
  }

  async #writeAll(appId: number, app: AppCounts): Promise<void> {
    while (app.changed.size > 0 && this.#with.link.isReady) {
      const some = [...app.changed].slice(0, countsAtOnce);
      const counts = some.map((channel) => [channel, this.#local.list(appId).get(channel) ?? 0] as const);
      if (!(await this.#tell(appId, app, counts, true))) {
        await this.#tellAnew(appId, app);
        continue;
      }
      for (const [channel, count] of counts) {
        // It may have changed again meanwhile.
        if ((this.#local.list(appId).get(channel) ?? 0) === count) app.changed.delete(channel);
      }
    }
  }

  /** `false`: Redis has forgotten what it knew. */
  async #tell(
    appId: number,
    app: AppCounts,
    counts: readonly (readonly [string, number])[],
    isNews: boolean,
  ): Promise<boolean> {
    const { link, node } = this.#with;
    const given = { node, now: Date.now(), newLife: randomUUID(), knownLife: app.life, counts };
    const { life, changes } = await writeCounts(link, this.#keysOf(appId), given);
    if (!changes) {
      app.life = life;
      return false;
    }
    app.life = life;
    for (const [channel, count] of counts) {
      if (count > 0) app.told.set(channel, count);
      else app.told.delete(channel);
    }
    this.#observed(appId, changes, isNews);
    return true;
  }

  /** What was told before Redis forgot it is no news. */
  async #tellAnew(appId: number, app: AppCounts): Promise<void> {
    const told = [...app.told];
    for (let at = 0; at < told.length; at += countsAtOnce) {
      if (!(await this.#tell(appId, app, told.slice(at, at + countsAtOnce), false))) return;
    }
  }

  async #renew(appId: number, app: AppCounts): Promise<void> {
    const { link, node } = this.#with;
    if (!link.isReady) return;
    const keys = this.#keysOf(appId);
    // Whoever was taken for dead has had its counts taken away: they are told again, and that is news.
    const isKnown = (await withTimeout(link.zScore(keys.nodes, node))) !== null;
    if (!(await this.#tell(appId, app, [], true))) await this.#tellAnew(appId, app);
    else if (!isKnown) for (const channel of this.#local.list(appId).keys()) app.changed.add(channel);
    this.#write(appId);
  }

  /**
   * Takes away what nodes counted that no longer beat. The time since our own beat before is nobody's fault: Redis did
   * not answer, or the machine stood still.
   */
  async #buryTheDead(appId: number, app: AppCounts): Promise<void> {
    const { link, heartbeatMs } = this.#with;
    if (!link.isReady) return;
    const keys = this.#keysOf(appId);
    const since = app.beatAt - heartbeatMs * (missedBeats - 1);
    app.beatAt = Date.now();
    for (const dead of await withTimeout(link.zRangeByScore(keys.nodes, 0, since - 1))) {
      let left = 1;
      while (left > 0) {
        const buried = await buryCounts(link, keys, { node: dead, own: this.#ownOf(appId, dead), since });
        this.#observed(appId, buried.changes, true);
        left = buried.left;
      }
    }
  }

  #observed(appId: number, changes: readonly SumChange[], isNews: boolean): void {
    for (const change of changes) this.#observer({ appId, ...change, isNews });
  }

  #warn(error: unknown): void {
    this.#with.log.warn({ error: String(error) }, 'who hears which channel could not be shared for now');
  }

  #keysOf(appId: number): OccupancyKeys {
    const root = `${this.#with.prefix}:occupied:{${appId}}`;
    const own = this.#ownOf(appId, this.#with.node);
    return { sums: `${root}:sums`, own, nodes: `${root}:nodes`, life: `${root}:life` };
  }

  #ownOf(appId: number, node: string): string {
    return `${this.#with.prefix}:occupied:{${appId}}:of:${node}`;
  }
}

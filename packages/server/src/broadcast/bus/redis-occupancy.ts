import { randomUUID } from 'node:crypto';
import { type RedisLink, withTimeout } from '../../redis/redis-link.ts';
import type { GatewayLog } from '../gateway-deps.ts';
import { createLocalOccupancy, type Occupancy, type OccupancyChange } from './occupancy.ts';
import { type OccupancyKeys, removeNodeCounts, type SumChange, writeCounts } from './occupancy-hash.ts';

/** What occupancy over Redis depends on. */
export interface RedisOccupancyDeps {
  readonly link: RedisLink;
  readonly log: GatewayLog;
  readonly prefix: string;
  /** The name of this node. */
  readonly node: string;
  /** Interval of this node's heartbeat; after three missed ones another node removes its counts. */
  readonly heartbeatMs: number;
}

/** This node's counts of an app. */
interface AppCounts {
  /** Channels whose count has not been written to Redis. */
  readonly changed: Set<string>;
  /** The counts last written to Redis. */
  readonly reported: Map<string, number>;
  life: string;
  /** The time of Redis when counts were last written, and at the last heartbeat. */
  writtenAt: number;
  beatAt: number;
  writing: Promise<void> | undefined;
}

/** How long changes are batched. */
const gatherMs = 50;
const missedBeats = 3;
/** Batch size of one script, which blocks Redis. */
const countsAtOnce = 500;

/**
 * Counts over all nodes, exact while Redis is available; each change of a sum is observed by the one node whose script
 * made it. While Redis is unavailable, each node counts its own connections and changes are not observed.
 */
export class RedisOccupancy implements Occupancy {
  readonly #deps: RedisOccupancyDeps;
  readonly #local = createLocalOccupancy();
  readonly #apps = new Map<number, AppCounts>();
  readonly #heart: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  #observer: (change: OccupancyChange) => void = () => {};

  constructor(deps: RedisOccupancyDeps) {
    this.#deps = deps;
    this.#heart = setInterval(() => this.#beat(), deps.heartbeatMs).unref();
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
      const [sums, unreported] = await Promise.all([
        withTimeout(this.#deps.link.hGetAll(this.#keysOf(appId).sums)),
        this.#unreported(appId, changed),
      ]);
      const all = new Map(Object.entries(sums).map(([channel, sum]) => [channel, Number(sum)]));
      for (const [at, channel] of changed.entries()) {
        const sum = (all.get(channel) ?? 0) + (unreported[at] ?? 0);
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
      const [sum, [unreported = 0]] = await Promise.all([
        withTimeout(this.#deps.link.hGet(this.#keysOf(appId).sums, channel)),
        this.#unreported(appId, [channel]),
      ]);
      return Math.max(0, Number(sum ?? 0) + unreported);
    } catch (error) {
      this.#warn(error);
      return this.#local.list(appId).get(channel) ?? 0;
    }
  }

  /** Writes to Redis the counts that it lost or never received. */
  restore(): void {
    for (const [appId, app] of this.#apps) {
      void this.#renew(appId, app).catch((error: unknown) => this.#warn(error));
    }
  }

  #beat(): void {
    for (const [appId, app] of this.#apps) {
      void this.#renew(appId, app)
        .then(() => this.#removeDeadNodes(appId, app))
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
      reported: new Map(),
      life: '',
      writtenAt: 0,
      beatAt: 0,
      writing: undefined,
    };
    this.#apps.set(appId, made);
    return made;
  }

  /**
   * The differences between this node's counts and what the sums include of them. The latter is read from Redis right
   * after the sums: `reported` may differ while a write is in flight.
   */
  async #unreported(appId: number, channels: readonly string[]): Promise<number[]> {
    if (channels.length === 0) return [];
    const here = this.#local.list(appId);
    const now = channels.map((channel) => here.get(channel) ?? 0);
    const reported = await withTimeout(this.#deps.link.hmGet(this.#keysOf(appId).own, [...channels]));
    return now.map((count, at) => count - Number(reported[at] ?? 0));
  }

  #flush(): void {
    this.#timer = undefined;
    for (const appId of this.#apps.keys()) this.#write(appId);
  }

  /** One write at a time per app, so that changes are observed in order. */
  #write(appId: number): void {
    const app = this.#app(appId);
    app.writing ??= this.#writeAll(appId, app)
      .catch((error: unknown) => this.#warn(error))
      .finally(() => {
        app.writing = undefined;
      });
  }

  async #writeAll(appId: number, app: AppCounts): Promise<void> {
    while (app.changed.size > 0 && this.#deps.link.isReady) {
      const some = [...app.changed].slice(0, countsAtOnce);
      const counts = some.map((channel) => [channel, this.#local.list(appId).get(channel) ?? 0] as const);
      if (!(await this.#report(appId, app, counts, true))) {
        await this.#reportAgain(appId, app);
        continue;
      }
      for (const [channel, count] of counts) {
        // The count may have changed again meanwhile.
        if ((this.#local.list(appId).get(channel) ?? 0) === count) app.changed.delete(channel);
      }
    }
  }

  /** Resolves to `false` when Redis has lost its data. */
  async #report(
    appId: number,
    app: AppCounts,
    counts: readonly (readonly [string, number])[],
    shouldNotify: boolean,
  ): Promise<boolean> {
    const { link, node } = this.#deps;
    const given = { node, newLife: randomUUID(), knownLife: app.life, counts };
    const { life, at, changes } = await writeCounts(link, this.#keysOf(appId), given);
    app.writtenAt = at;
    if (!changes) {
      app.life = life;
      return false;
    }
    app.life = life;
    for (const [channel, count] of counts) {
      if (count > 0) app.reported.set(channel, count);
      else app.reported.delete(channel);
    }
    this.#observed(appId, changes, shouldNotify);
    return true;
  }

  /** Writes again what Redis lost; it was observed already. */
  async #reportAgain(appId: number, app: AppCounts): Promise<void> {
    const reported = [...app.reported];
    for (let at = 0; at < reported.length; at += countsAtOnce) {
      if (!(await this.#report(appId, app, reported.slice(at, at + countsAtOnce), false))) return;
    }
  }

  async #renew(appId: number, app: AppCounts): Promise<void> {
    const { link, node } = this.#deps;
    if (!link.isReady) return;
    const keys = this.#keysOf(appId);
    // Another node considered this one dead and removed its counts: they are written again as changes.
    const isKnown = (await withTimeout(link.zScore(keys.nodes, node))) !== null;
    if (!(await this.#report(appId, app, [], true))) await this.#reportAgain(appId, app);
    else if (!isKnown) for (const channel of this.#local.list(appId).keys()) app.changed.add(channel);
    this.#write(appId);
  }

  /**
   * Removes the counts of nodes without a heartbeat. The time since our own last heartbeat does not count against them:
   * Redis did not answer, or the machine was suspended.
   */
  async #removeDeadNodes(appId: number, app: AppCounts): Promise<void> {
    const { link, heartbeatMs } = this.#deps;
    if (!link.isReady) return;
    const keys = this.#keysOf(appId);
    const since = app.beatAt - heartbeatMs * (missedBeats - 1);
    app.beatAt = app.writtenAt;
    if (since <= 0) return;
    for (const dead of await withTimeout(link.zRangeByScore(keys.nodes, 0, since - 1))) {
      let left = 1;
      while (left > 0) {
        const removed = await removeNodeCounts(link, keys, {
          node: dead,
          own: this.#ownOf(appId, dead),
          since,
        });
        this.#observed(appId, removed.changes, true);
        left = removed.left;
      }
    }
  }

  #observed(appId: number, changes: readonly SumChange[], shouldNotify: boolean): void {
    for (const change of changes) this.#observer({ appId, ...change, shouldNotify });
  }

  #warn(error: unknown): void {
    this.#deps.log.warn({ err: error }, 'failed to share subscriber counts');
  }

  #keysOf(appId: number): OccupancyKeys {
    const root = `${this.#deps.prefix}:occupied:{${appId}}`;
    const own = this.#ownOf(appId, this.#deps.node);
    return { sums: `${root}:sums`, own, nodes: `${root}:nodes`, life: `${root}:life` };
  }

  #ownOf(appId: number, node: string): string {
    return `${this.#deps.prefix}:occupied:{${appId}}:of:${node}`;
  }
}

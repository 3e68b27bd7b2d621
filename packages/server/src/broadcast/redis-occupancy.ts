import type { GatewayLog } from './gateway-dependencies.ts';
import { createLocalOccupancy, type Occupancy } from './occupancy.ts';
import { patiently, type RedisLink } from './redis-link.ts';

/** What occupancy over Redis is given. */
export interface RedisOccupancyOptions {
  readonly link: RedisLink;
  readonly log: GatewayLog;
  readonly prefix: string;
  /** This process's own name. */
  readonly node: string;
  readonly heartbeatMs: number;
}

/** Changes are gathered for so long. */
const gatherMs = 50;
const missedBeats = 3;

/**
 * Each node keeps a hash of its own: channel → connections. They are added up when somebody asks; the hash of a node
 * that no longer renews it expires.
 */
export class RedisOccupancy implements Occupancy {
  readonly #with: RedisOccupancyOptions;
  readonly #local = createLocalOccupancy();
  readonly #changed = new Map<number, Set<string>>();
  readonly #heart: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RedisOccupancyOptions) {
    this.#with = options;
    // Tells Redis again also what it lost, or never learnt.
    this.#heart = setInterval(() => {
      for (const appId of this.#local.apps()) void this.#write(appId, this.#local.list(appId).keys());
    }, options.heartbeatMs).unref();
  }

  set(appId: number, channel: string, count: number): void {
    this.#local.set(appId, channel, count);
    this.#changed.set(appId, (this.#changed.get(appId) ?? new Set()).add(channel));
    this.#timer ??= setTimeout(() => this.#flush(), gatherMs).unref();
  }

  async list(appId: number): Promise<ReadonlyMap<string, number>> {
    const { link } = this.#with;
    const total = new Map(this.#local.list(appId));
    try {
      const keys = await this.#hashesOfOthers(appId);
      const hashes = await Promise.all(keys.map((key) => patiently(link.hGetAll(key))));
      for (const [name, count] of hashes.flatMap((hash) => Object.entries(hash))) {
        total.set(name, (total.get(name) ?? 0) + Number(count));
      }
    } catch (error) {
      this.#warn(error);
    }
    return total;
  }

  async countOf(appId: number, channel: string): Promise<number> {
    const { link } = this.#with;
    const own = this.#local.list(appId).get(channel) ?? 0;
    try {
      const keys = await this.#hashesOfOthers(appId);
      const others = await Promise.all(keys.map((key) => patiently(link.hGet(key, channel))));
      return others.reduce((sum, count) => sum + Number(count ?? 0), own);
    } catch (error) {
      this.#warn(error);
      return own;
    }
  }

  stop(): void {
    clearInterval(this.#heart);
    clearTimeout(this.#timer);
  }

  #flush(): void {
    this.#timer = undefined;
    for (const [appId, names] of this.#changed) void this.#write(appId, names);
    this.#changed.clear();
  }

  async #write(appId: number, names: Iterable<string>): Promise<void> {
    const { link, node, heartbeatMs } = this.#with;
    if (!link.isReady) return;
    const key = this.#keyOf(appId, node);
    const nodes = this.#nodesOf(appId);
    const counts = this.#local.list(appId);
    const batch = link.multi();
    for (const name of names) {
      const count = counts.get(name);
      if (count === undefined) batch.hDel(key, name);
      else batch.hSet(key, name, count);
    }
    batch.zAdd(nodes, { score: Date.now(), value: node });
    batch.pExpire(key, heartbeatMs * missedBeats).pExpire(nodes, heartbeatMs * missedBeats);
    await patiently(batch.exec()).catch((error: unknown) => this.#warn(error));
  }

  async #hashesOfOthers(appId: number): Promise<string[]> {
    const { link, node, heartbeatMs } = this.#with;
    const since = Date.now() - heartbeatMs * missedBeats;
    const nodes = await patiently(link.zRangeByScore(this.#nodesOf(appId), since, '+inf'));
    return nodes.filter((other) => other !== node).map((other) => this.#keyOf(appId, other));
  }

  #warn(error: unknown): void {
    this.#with.log.warn({ error: String(error) }, 'who hears which channel could not be shared for now');
  }

  #keyOf(appId: number, node: string): string {
    return `${this.#with.prefix}:occupied:${appId}:${node}`;
  }

  #nodesOf(appId: number): string {
    return `${this.#with.prefix}:occupied:${appId}`;
  }
}

import type { GatewayLog } from './gateway-dependencies.ts';
import { createLocalOccupancy, type Occupancy } from './occupancy.ts';
import { patiently, type RedisLink } from './redis-link.ts';

/** What occupancy over Redis is given. */
export interface RedisOccupancyOptions {
  readonly link: RedisLink;
  readonly log: GatewayLog;
  readonly prefix: string;
  readonly node: string;
  readonly heartbeatMs: number;
}

/** Occupancy that is told to Redis until it is stopped. */
export interface RedisOccupancy extends Occupancy {
  stop(): void;
}

/** Changes are gathered for so long. */
const gatherMs = 50;

/**
 * Each node keeps a hash of its own: channel → connections. They are added up when somebody asks; the hash of a node
 * that no longer renews it expires.
 */
export function createRedisOccupancy(options: RedisOccupancyOptions): RedisOccupancy {
  const { link, log, prefix, node, heartbeatMs } = options;
  const local = createLocalOccupancy();
  const changed = new Map<number, Set<string>>();
  let timer: NodeJS.Timeout | undefined;
  const keyOf = (appId: number, ofNode: string) => `${prefix}:occupied:${appId}:${ofNode}`;
  const nodesOf = (appId: number) => `${prefix}:occupied:${appId}`;

  async function write(appId: number, names: Iterable<string>): Promise<void> {
    if (!link.isReady) return;
    const key = keyOf(appId, node);
    const batch = link.multi();
    for (const name of names) {
      const count = local.list(appId).get(name);
      if (count === undefined) batch.hDel(key, name);
      else batch.hSet(key, name, count);
    }
    batch.zAdd(nodesOf(appId), { score: Date.now(), value: node });
    batch.pExpire(key, heartbeatMs * 3).pExpire(nodesOf(appId), heartbeatMs * 3);
    await patiently(batch.exec());
  }

  function flush(): void {
    timer = undefined;
    for (const [appId, names] of changed) {
      changed.delete(appId);
      write(appId, names).catch((error: unknown) => warn(error));
    }
  }

  /** Also tells Redis again what it lost, or never learnt. */
  const heart = setInterval(() => {
    for (const appId of local.apps())
      write(appId, local.list(appId).keys()).catch((error: unknown) => warn(error));
  }, heartbeatMs).unref();

  function warn(error: unknown): void {
    log.warn({ error: String(error) }, 'who hears which channel is told to Redis later');
  }

  async function hashesOf(appId: number): Promise<string[]> {
    const nodes = await patiently(link.zRangeByScore(nodesOf(appId), Date.now() - heartbeatMs * 3, '+inf'));
    return nodes.filter((other) => other !== node).map((other) => keyOf(appId, other));
  }

  return {
    set(appId, channel, count) {
      local.set(appId, channel, count);
      changed.set(appId, (changed.get(appId) ?? new Set()).add(channel));
      timer ??= setTimeout(flush, gatherMs).unref();
    },
    async list(appId) {
      const total = new Map(local.list(appId));
      try {
        const hashes = await Promise.all((await hashesOf(appId)).map((key) => patiently(link.hGetAll(key))));
        for (const [name, count] of hashes.flatMap((hash) => Object.entries(hash))) {
          total.set(name, (total.get(name) ?? 0) + Number(count));
        }
      } catch (error) {
        warn(error);
      }
      return total;
    },
    async countOf(appId, channel) {
      const own = local.list(appId).get(channel) ?? 0;
      try {
        const keys = await hashesOf(appId);
        const others = await Promise.all(keys.map((key) => patiently(link.hGet(key, channel))));
        return others.reduce((sum, count) => sum + Number(count ?? 0), own);
      } catch (error) {
        warn(error);
        return own;
      }
    },
    stop() {
      clearInterval(heart);
      clearTimeout(timer);
    },
  };
}

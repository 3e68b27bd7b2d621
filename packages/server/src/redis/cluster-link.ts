import { setTimeout as delay } from 'node:timers/promises';
import { type ClusterView, viewCluster } from './cluster-view.ts';
import { type KeptConnection, keepConnected } from './kept-connection.ts';
import { createCommands } from './redis-commands.ts';
import { nodeAddress, openMaster, type RedisConnection } from './redis-connection.ts';
import { type LinkOptions, NotSentError, type RedisLink } from './redis-link.ts';
import type { RedisNode, RedisTarget } from './redis-url.ts';
import { slotCount, slotOf } from './slot.ts';

/** A master of the cluster. */
interface Shard {
  readonly node: RedisNode;
  readonly kept: KeptConnection;
}

/** How often the slot map is read: normally, and while a master is missing. */
const viewMs = 5_000;
const doubtMs = 500;

/** A link to a cluster: keys and sharded pub/sub channels live on the master that owns their slot. */
export function linkToCluster(target: RedisTarget, options: LinkOptions): RedisLink {
  const cluster = new ClusterLink(target, options);
  return {
    ...createCommands((key, work) => cluster.at(key, work)),
    get isReady() {
      return cluster.isReady;
    },
    reaches: (name) => cluster.reaches(name),
    publishCommand: 'SPUBLISH',
    publish: (name, text) =>
      cluster.at(name, async (shard) => {
        await shard.sPublish(name, text);
      }),
    subscribe: (name, listener) => cluster.at(name, (shard) => shard.sSubscribe(name, listener)),
    unsubscribe: (name, listener) => cluster.at(name, (shard) => shard.sUnsubscribe(name, listener)),
    destroy: () => cluster.stop(),
  };
}

/**
 * A connection to each master, and the slot map. When a master is lost or answers MOVED, its slots are unreachable
 * until the other masters report the new owner.
 */
class ClusterLink {
  readonly #target: RedisTarget;
  readonly #options: LinkOptions;
  readonly #shards = new Map<string, Shard>();
  /** Masters whose first connection attempt is under way: `onReady` is called once for all of them. */
  readonly #connecting = new Set<string>();
  #owners: (Shard | undefined)[] = new Array(slotCount);
  /** Nodes to ask for the slot map when no connected one answers. */
  #known: readonly RedisNode[];
  readonly #stopped = new AbortController();
  /** Reads the slot map now rather than after the pause. */
  #refresh = () => {};
  #isLost = false;

  constructor(target: RedisTarget, options: LinkOptions) {
    this.#target = target;
    this.#options = options;
    this.#known = target.nodes;
    void this.#watch();
  }

  get isReady(): boolean {
    return [...this.#shards.values()].some(({ kept }) => kept.current);
  }

  reaches(name: string): boolean {
    return this.#owners[slotOf(name)]?.kept.current !== undefined;
  }

  /** Runs `work` on the master of a name; rejects at once while it is not connected. */
  async at<Result>(name: string, work: (shard: RedisConnection) => Promise<Result>): Promise<Result> {
    const slot = slotOf(name);
    const owner = this.#owners[slot];
    if (!owner?.kept.current) throw new NotSentError('that part of the Redis cluster is not reachable');
    try {
      return await work(owner.kept.current);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('MOVED')) throw error;
      if (this.#owners[slot] === owner) this.#forgetOwner(slot);
      throw new NotSentError('that part of the Redis cluster has moved', { cause: error });
    }
  }

  stop(): void {
    this.#stopped.abort();
    for (const { kept } of this.#shards.values()) kept.stop();
    this.#shards.clear();
    this.#owners = new Array(slotCount);
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      let isWhole = false;
      try {
        const view = await viewCluster(this.#connected(), this.#known, this.#target);
        if (signal.aborted) return;
        this.#apply(view);
        this.#isLost = false;
        isWhole = [...this.#shards.values()].every(({ kept }) => kept.current);
      } catch (error) {
        this.#lose(error);
      }
      const awake = new AbortController();
      this.#refresh = () => awake.abort();
      const pause = { signal: AbortSignal.any([signal, awake.signal]) };
      // Rejects only when it is aborted: by `stop`, or because the view must be refreshed at once.
      await delay(isWhole ? viewMs : doubtMs, undefined, pause).catch(() => {});
      // A slot changed its owner: give the cluster a moment to agree.
      if (awake.signal.aborted) await delay(50);
    }
  }

  /** No node answers. Connections to shards report that themselves; this is for when there are none yet. */
  #lose(error: unknown): void {
    if (this.#isLost || this.#shards.size > 0) return;
    this.#isLost = true;
    const { log, purpose, onGone } = this.#options;
    log.warn({ purpose, err: error }, 'Redis connection lost; reconnecting');
    onGone?.();
  }

  #apply({ shards, nodes }: ClusterView): void {
    this.#known = [
      ...new Map([...nodes, ...this.#target.nodes].map((one) => [nodeAddress(one), one])).values(),
    ];
    const masters = new Map(shards.map(({ master }) => [nodeAddress(master), master]));
    const before = this.#owners;
    const wasReachable = before.map((shard) => shard?.kept.current !== undefined);
    this.#replaceMasters(masters);
    const owners: (Shard | undefined)[] = new Array(slotCount);
    for (const { master, from, to } of shards)
      owners.fill(this.#shards.get(nodeAddress(master)), from, to + 1);
    this.#owners = owners;
    const moved = owners.flatMap((shard, slot) => (shard !== before[slot] ? [slot] : []));
    if (moved.some((slot) => wasReachable[slot])) this.#options.onGone?.();
    if (moved.some((slot) => owners[slot]?.kept.current)) this.#options.onReady();
  }

  /** Disconnects from nodes that are no longer masters, and connects to the new ones. */
  #replaceMasters(masters: ReadonlyMap<string, RedisNode>): void {
    const isFirst = this.#shards.size === 0;
    const old = [...this.#shards].filter(([address]) => !masters.has(address));
    const fresh = [...masters].filter(([address]) => !this.#shards.has(address));
    for (const [address, { kept }] of old) {
      this.#shards.delete(address);
      this.#connecting.delete(address);
      kept.stop();
    }
    for (const [address, node] of fresh) this.#shards.set(address, { node, kept: this.#connect(node) });
    if (isFirst || old.length + fresh.length === 0) return;
    const { log, purpose } = this.#options;
    log.info({ purpose, masters: [...masters.keys()] }, 'the masters of the Redis cluster changed');
  }

  #connect(node: RedisNode): KeptConnection {
    const { log, purpose, onReady, onGone } = this.#options;
    const address = nodeAddress(node);
    this.#connecting.add(address);
    const kept = keepConnected({
      find: () => node,
      open: (at, onEnd) => openMaster({ node: at, target: this.#target, onEnd }),
      log,
      about: { purpose, redis: address },
      onReady: (connection) => {
        connection.on('sharded-channel-moved', (name: string) => {
          if (this.#owners[slotOf(name)]?.kept === kept) this.#forgetOwner(slotOf(name));
        });
        this.#connecting.delete(address);
        if (this.#connecting.size === 0) onReady();
      },
      onGone: () => {
        onGone?.();
        if (this.#connecting.delete(address) && this.#connecting.size === 0) onReady();
        this.#refresh();
      },
    });
    return kept;
  }

  #forgetOwner(slot: number): void {
    this.#owners[slot] = undefined;
    this.#options.onGone?.();
    this.#refresh();
  }

  #connected(): Map<RedisNode, RedisConnection> {
    return new Map(
      [...this.#shards.values()].flatMap(({ node, kept }) => (kept.current ? [[node, kept.current]] : [])),
    );
  }
}

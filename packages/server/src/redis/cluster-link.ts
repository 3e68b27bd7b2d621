import { setTimeout as delay } from 'node:timers/promises';
import { type ClusterView, viewCluster } from './cluster-view.ts';
import { type KeptConnection, keepConnected } from './kept-connection.ts';
import { createCommands } from './redis-commands.ts';
import { addressOf, openMaster, type RedisConnection } from './redis-connection.ts';
import { type LinkOptions, NotTakenError, type RedisLink } from './redis-link.ts';
import type { RedisNode, RedisTarget } from './redis-url.ts';
import { slotCount, slotOf } from './slot.ts';

/** A master of the cluster. */
interface Shard {
  readonly node: RedisNode;
  readonly kept: KeptConnection;
}

/** How often it is asked who has which slots, when all is well; and when something is not. */
const viewMs = 5_000;
const doubtMs = 500;

/** A link to a cluster. */
export function linkToCluster(target: RedisTarget, options: LinkOptions): RedisLink {
  const cluster = new ClusterLink(target, options);
  return {
    ...createCommands((key, work) => cluster.at(key, work)),
    get isReady() {
      return cluster.isReady;
    },
    reaches: (name) => cluster.reaches(name),
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
 * A connection to each master, and who has which slots. Where that is in doubt, because a master is gone or refers us
 * to another, the slots count as not reachable until the others have said who has them now.
 */
class ClusterLink {
  readonly #target: RedisTarget;
  readonly #with: LinkOptions;
  readonly #shards = new Map<string, Shard>();
  /** Masters whose first attempt to connect is not over: those that are ready are told of together. */
  readonly #unsettled = new Set<string>();
  #owners: (Shard | undefined)[] = new Array(slotCount);
  #known: readonly RedisNode[];
  readonly #stopped = new AbortController();
  /** Ends the pause before the next view. */
  #wake = () => {};
  #isLost = false;

  constructor(target: RedisTarget, options: LinkOptions) {
    this.#target = target;
    this.#with = options;
    this.#known = target.nodes;
    void this.#watch();
  }

  get isReady(): boolean {
    return [...this.#shards.values()].some(({ kept }) => kept.current);
  }

  reaches(name: string): boolean {
    return this.#owners[slotOf(name)]?.kept.current !== undefined;
  }

  /** Rejects at once while nobody who has the name is connected. */
  async at<Result>(name: string, work: (shard: RedisConnection) => Promise<Result>): Promise<Result> {
    const slot = slotOf(name);
    const owner = this.#owners[slot];
    if (!owner?.kept.current) throw new NotTakenError('that part of the Redis cluster is gone');
    try {
      return await work(owner.kept.current);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('MOVED')) throw error;
      if (this.#owners[slot] === owner) this.#doubt(slot);
      throw new NotTakenError('that part of the Redis cluster has moved', { cause: error });
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
        this.#adopt(view);
        this.#isLost = false;
        isWhole = [...this.#shards.values()].every(({ kept }) => kept.current);
      } catch (error) {
        this.#lose(error);
      }
      const awake = new AbortController();
      this.#wake = () => awake.abort();
      const pause = { signal: AbortSignal.any([signal, awake.signal]) };
      await delay(isWhole ? viewMs : doubtMs, undefined, pause).catch(() => {});
      // Somebody is in doubt: the cluster is given a moment to agree.
      if (awake.signal.aborted) await delay(50);
    }
  }

  /** No node answers. Each shard's connection says so for itself; there may be none yet. */
  #lose(error: unknown): void {
    if (this.#isLost || this.#shards.size > 0) return;
    this.#isLost = true;
    const { log, purpose, onGone } = this.#with;
    log.warn({ purpose, error: String(error) }, 'Redis is gone; connecting again');
    onGone?.();
  }

  #adopt({ shards, nodes }: ClusterView): void {
    this.#known = [
      ...new Map([...nodes, ...this.#target.nodes].map((one) => [addressOf(one), one])).values(),
    ];
    const masters = new Map(shards.map(({ master }) => [addressOf(master), master]));
    const before = this.#owners;
    const stood = before.map((shard) => shard?.kept.current !== undefined);
    this.#change(masters);
    const owners: (Shard | undefined)[] = new Array(slotCount);
    for (const { master, from, to } of shards) owners.fill(this.#shards.get(addressOf(master)), from, to + 1);
    this.#owners = owners;
    const moved = owners.flatMap((shard, slot) => (shard !== before[slot] ? [slot] : []));
    if (moved.some((slot) => stood[slot])) this.#with.onGone?.();
    if (moved.some((slot) => owners[slot]?.kept.current)) this.#with.onReady();
  }

  /** Leaves those who are no masters any more, and connects to the new ones. */
  #change(masters: ReadonlyMap<string, RedisNode>): void {
    const isFirst = this.#shards.size === 0;
    const old = [...this.#shards].filter(([address]) => !masters.has(address));
    const fresh = [...masters].filter(([address]) => !this.#shards.has(address));
    for (const [address, { kept }] of old) {
      this.#shards.delete(address);
      this.#unsettled.delete(address);
      kept.stop();
    }
    for (const [address, node] of fresh) this.#shards.set(address, { node, kept: this.#keep(node) });
    if (isFirst || old.length + fresh.length === 0) return;
    const { log, purpose } = this.#with;
    log.info({ purpose, masters: [...masters.keys()] }, 'the Redis cluster has other masters');
  }

  #keep(node: RedisNode): KeptConnection {
    const { log, purpose, onReady, onGone } = this.#with;
    const address = addressOf(node);
    this.#unsettled.add(address);
    const kept = keepConnected({
      find: () => node,
      open: (at, onEnd) => openMaster({ node: at, target: this.#target, onEnd }),
      log,
      about: { purpose, redis: address },
      onReady: (connection) => {
        connection.on('sharded-channel-moved', (name: string) => {
          if (this.#owners[slotOf(name)]?.kept === kept) this.#doubt(slotOf(name));
        });
        this.#unsettled.delete(address);
        if (this.#unsettled.size === 0) onReady();
      },
      onGone: () => {
        onGone?.();
        if (this.#unsettled.delete(address) && this.#unsettled.size === 0) onReady();
        this.#wake();
      },
    });
    return kept;
  }

  #doubt(slot: number): void {
    this.#owners[slot] = undefined;
    this.#with.onGone?.();
    this.#wake();
  }

  #connected(): Map<RedisNode, RedisConnection> {
    return new Map(
      [...this.#shards.values()].flatMap(({ node, kept }) => (kept.current ? [[node, kept.current]] : [])),
    );
  }
}

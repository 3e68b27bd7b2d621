/** A change of the number of connections subscribed to a channel, over all nodes. */
export interface OccupancyChange {
  readonly appId: number;
  readonly channel: string;
  readonly before: number;
  /** 0 when the channel has no subscribers left. */
  readonly now: number;
  /** `false` when lost shared state is being restored: the change was already reported. */
  readonly shouldNotify: boolean;
}

/** The number of connections subscribed to each channel, over all nodes. */
export interface Occupancy {
  /** Sets the number of subscribed connections of this node. */
  set(appId: number, channel: string, count: number): void;
  /** The occupied channels of an app, with their subscriber counts. */
  list(appId: number): Promise<ReadonlyMap<string, number>>;
  countOf(appId: number, channel: string): Promise<number>;
  /**
   * Registers the observer of changes; one only. Exactly one node observes each change: usually the node whose client
   * caused it, another one when a node has died.
   */
  observe(observer: (change: OccupancyChange) => void): void;
  /** Resolves when earlier counts have been shared and their changes observed, or sharing has failed. */
  settled(): Promise<void>;
}

/** The counts of this process alone. */
export interface LocalOccupancy {
  set(appId: number, channel: string, count: number): void;
  list(appId: number): ReadonlyMap<string, number>;
  apps(): readonly number[];
}

/** The connections of this process. */
export function createLocalOccupancy(): LocalOccupancy {
  const apps = new Map<number, Map<string, number>>();
  return {
    set(appId, channel, count) {
      const channels = apps.get(appId) ?? new Map<string, number>();
      apps.set(appId, channels);
      if (count > 0) channels.set(channel, count);
      else channels.delete(channel);
      if (channels.size === 0) apps.delete(appId);
    },
    list: (appId) => apps.get(appId) ?? new Map(),
    apps: () => [...apps.keys()],
  };
}

/** Occupancy for a single process. */
export function createProcessOccupancy(): Occupancy {
  const local = createLocalOccupancy();
  let observer: (change: OccupancyChange) => void = () => {};
  return {
    set(appId, channel, now) {
      const before = local.list(appId).get(channel) ?? 0;
      local.set(appId, channel, now);
      if (before !== now) observer({ appId, channel, before, now, shouldNotify: true });
    },
    observe(next) {
      observer = next;
    },
    async settled() {},
    list: async (appId) => new Map(local.list(appId)),
    countOf: async (appId, channel) => local.list(appId).get(channel) ?? 0,
  };
}

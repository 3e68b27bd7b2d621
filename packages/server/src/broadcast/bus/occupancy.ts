/** The number of connections that hear a channel, on all nodes, has become another. */
export interface OccupancyChange {
  readonly appId: number;
  readonly channel: string;
  readonly before: number;
  /** 0: nobody hears the channel any more. */
  readonly now: number;
  /** `false` where what is shared was lost and is made good: those who were told of it before know it. */
  readonly isNews: boolean;
}

/** Knows how many connections hear each channel, on all nodes. */
export interface Occupancy {
  /** Says how many connections of this node hear a channel now. */
  set(appId: number, channel: string, count: number): void;
  /** The channels of an app that anybody hears, with how many do. */
  list(appId: number): Promise<ReadonlyMap<string, number>>;
  countOf(appId: number, channel: string): Promise<number>;
  /**
   * Registers who is told of changes; one only. Of all nodes one is told of each change: mostly the one whose client
   * caused it, another where a node has died.
   */
  observe(observer: (change: OccupancyChange) => void): void;
  /** Resolves when the others know what was set before, and the observer of the changes that it made; or they cannot. */
  settled(): Promise<void>;
}

/** What this process knows by itself. */
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
      if (before !== now) observer({ appId, channel, before, now, isNews: true });
    },
    observe(next) {
      observer = next;
    },
    async settled() {},
    list: async (appId) => new Map(local.list(appId)),
    countOf: async (appId, channel) => local.list(appId).get(channel) ?? 0,
  };
}

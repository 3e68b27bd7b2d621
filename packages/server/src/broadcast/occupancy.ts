/** Knows how many connections hear each channel, on all nodes. Approximate while nodes come and go. */
export interface Occupancy {
  /** Says how many connections of this node hear a channel now. */
  set(appId: number, channel: string, count: number): void;
  /** The channels of an app that anybody hears, with how many do. */
  list(appId: number): Promise<ReadonlyMap<string, number>>;
  countOf(appId: number, channel: string): Promise<number>;
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
  return {
    set: local.set,
    list: async (appId) => new Map(local.list(appId)),
    countOf: async (appId, channel) => local.list(appId).get(channel) ?? 0,
  };
}

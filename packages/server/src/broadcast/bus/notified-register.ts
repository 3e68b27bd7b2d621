import { type RedisLink, withTimeout } from '../../redis/redis-link.ts';

/**
 * The occupied channels and present members that an app's back end has been notified of. However many nodes observe a
 * change, only one of them adds or removes the item and sends the webhook.
 */
export interface NotifiedRegister {
  /** Adds an item. Resolves to whether it was absent. */
  add(appId: number, item: string): Promise<boolean>;
  /** Removes an item. Resolves to whether it was present. */
  remove(appId: number, item: string): Promise<boolean>;
  /** All items of an app. */
  list(appId: number): Promise<readonly string[]>;
}

/** A register for a single process. */
export function createLocalRegister(): NotifiedRegister {
  const apps = new Map<number, Set<string>>();
  return {
    async add(appId, item) {
      const items = apps.get(appId) ?? new Set();
      apps.set(appId, items);
      if (items.has(item)) return false;
      items.add(item);
      return true;
    },
    remove: async (appId, item) => apps.get(appId)?.delete(item) ?? false,
    list: async (appId) => [...(apps.get(appId) ?? [])],
  };
}

/** A register in Redis, shared by all nodes. Rejects while Redis is unreachable. */
export function createRedisRegister(link: RedisLink, prefix: string): NotifiedRegister {
  const keyOf = (appId: number) => `${prefix}:notified:${appId}`;
  return {
    add: async (appId, item) => (await withTimeout(link.hSetNX(keyOf(appId), item, '1'))) === 1,
    remove: async (appId, item) => (await withTimeout(link.hDel(keyOf(appId), item))) === 1,
    list: (appId) => withTimeout(link.hKeys(keyOf(appId))),
  };
}

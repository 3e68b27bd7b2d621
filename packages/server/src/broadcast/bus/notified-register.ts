import { type RedisLink, withTimeout } from '../../redis/redis-link.ts';

/**
 * What an app's back end has been told is there: occupied channels, members. Whatever nodes notice, and however
 * often, only one of them strikes out or enters each thing, and tells it.
 */
export interface ToldRegister {
  /** Gives whether it was not there. */
  enter(appId: number, thing: string): Promise<boolean>;
  /** Gives whether it was there. */
  strike(appId: number, thing: string): Promise<boolean>;
  /** Everything that an app was told of. */
  list(appId: number): Promise<readonly string[]>;
}

/** The register of a single process. */
export function createLocalRegister(): ToldRegister {
  const apps = new Map<number, Set<string>>();
  return {
    async enter(appId, thing) {
      const things = apps.get(appId) ?? new Set();
      apps.set(appId, things);
      if (things.has(thing)) return false;
      things.add(thing);
      return true;
    },
    strike: async (appId, thing) => apps.get(appId)?.delete(thing) ?? false,
    list: async (appId) => [...(apps.get(appId) ?? [])],
  };
}

/** The register of all nodes, in Redis. It rejects while that cannot be reached. */
export function createRedisRegister(link: RedisLink, prefix: string): ToldRegister {
  const keyOf = (appId: number) => `${prefix}:told:${appId}`;
  return {
    enter: async (appId, thing) => (await withTimeout(link.hSetNX(keyOf(appId), thing, '1'))) === 1,
    strike: async (appId, thing) => (await withTimeout(link.hDel(keyOf(appId), thing))) === 1,
    list: (appId) => withTimeout(link.hKeys(keyOf(appId))),
  };
}

import { type RedisLink, withTimeout } from '../../redis/redis-link.ts';
import { type CachedEvent, cacheMs, createLocalCache, type EventCache } from './event-cache.ts';

/** The last events in Redis; while it is unavailable, those known to this node. */
export function createRedisCache(link: RedisLink, prefix: string): EventCache {
  const local = createLocalCache();
  const keyOfChannel = (appId: number, channel: string) => `${prefix}:cache:${appId}:${channel}`;
  return {
    async put(appId, channel, event) {
      await local.put(appId, channel, event);
      const text = JSON.stringify(event);
      // A cache is best effort: this node has the event.
      await withTimeout(link.set(keyOfChannel(appId, channel), text, { PX: cacheMs })).catch(() => {});
    },
    async get(appId, channel) {
      try {
        const text = await withTimeout(link.get(keyOfChannel(appId, channel)));
        return text === null ? undefined : (JSON.parse(text) as CachedEvent);
      } catch {
        // A cache is best effort: this node may have the event.
        return local.get(appId, channel);
      }
    },
    sweep: () => local.sweep(),
  };
}

import { LRUCache } from 'lru-cache';

/**
 * Caches results by key for a short time. Concurrent lookups of one key share one load. Failed loads are not cached.
 */
export function cacheFor<Value>(
  milliseconds: number,
  load: (key: string) => Promise<Value>,
  limit = 10_000,
): { get(key: string): Promise<Value>; forget(): void } {
  const entries = new LRUCache<string, Promise<Value>>({ max: limit, ttl: milliseconds, perf: Date });
  return {
    get(key) {
      const cached = entries.get(key);
      if (cached) return cached;
      const value = load(key);
      entries.set(key, value);
      value.catch(() => {
        // The caller handles the error. Keep a newer entry that was loaded in the meantime.
        if (entries.peek(key) === value) entries.delete(key);
      });
      return value;
    },
    forget() {
      entries.clear();
    },
  };
}

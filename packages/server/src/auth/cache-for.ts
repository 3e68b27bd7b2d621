import { AsyncResource } from 'node:async_hooks';
import { LRUCache } from 'lru-cache';
import { within } from '../domain/deadline.ts';

/** How a value is served that should be loaded again. */
export interface Staleness {
  /** Milliseconds that a caller waits for the new value. After that, and if loading fails, it gets the old one. */
  readonly waitMs: number;
  /** The age in milliseconds from which the old value is not served any more. */
  readonly maxAgeMs: number;
}

/** What else a cache does. */
interface CacheOptions {
  /** For values without which everything would stop: they are served a while longer. By default they are not. */
  readonly stale?: Staleness;
  /**
   * For expensive reports: a load is shared for as long as it takes, and its value is kept from then on. By default, the
   * time of a value begins with its load.
   */
  readonly sharesSlowLoads?: boolean;
}

const maxEntries = 10_000;
/** All entries count alike. With `max` instead of sizes, the room for all of them would be reserved at once. */
const sizeCalculation = () => 1;

interface Entry<Value> {
  readonly value: Promise<Value>;
  readonly startedAt: number;
  isLoaded: boolean;
  /** The load that will replace the entry. */
  next: { readonly value: Promise<Value>; readonly startedAt: number } | undefined;
}

/**
 * Caches results by key for a short time, also if the machine's clock is set meanwhile. Concurrent lookups of one key share
 * one load, which goes on if the first caller leaves. Failed loads are not cached.
 */
export function cacheFor<Value>(
  milliseconds: number,
  load: (key: string) => Promise<Value>,
  { stale, sharesSlowLoads = false }: CacheOptions = {},
): { get(key: string): Promise<Value>; forget(): void } {
  const loadForAll = AsyncResource.bind(load);
  const maxAgeMs = stale ? stale.maxAgeMs : milliseconds;
  const entries = new LRUCache<string, Entry<Value>>({
    maxSize: maxEntries,
    sizeCalculation,
    ttl: maxAgeMs,
    ttlResolution: 0,
  });

  function keep(key: string, value: Promise<Value>, isLoaded: boolean): Entry<Value> {
    const entry: Entry<Value> = { value, startedAt: performance.now(), isLoaded, next: undefined };
    // Without a time to live it stays until it is replaced.
    entries.set(key, entry, sharesSlowLoads && !isLoaded ? { ttl: 0 } : {});
    return entry;
  }

  function start(key: string): Promise<Value> {
    const entry = keep(key, loadForAll(key), false);
    entry.value.then(
      () => {
        entry.isLoaded = true;
        if (sharesSlowLoads && entries.peek(key) === entry) keep(key, entry.value, true);
      },
      () => {
        // The caller handles the error. Keep a newer entry that was loaded in the meantime.
        if (entries.peek(key) === entry) entries.delete(key);
      },
    );
    return entry.value;
  }

  function renew(key: string, entry: Entry<Value>): NonNullable<Entry<Value>['next']> {
    const next = { value: loadForAll(key), startedAt: performance.now() };
    entry.next = next;
    next.value.then(
      () => {
        // Not after `forget`.
        if (entries.peek(key) === entry) keep(key, next.value, true);
      },
      () => {
        // The old value is served; the next lookup tries again.
        entry.next = undefined;
      },
    );
    return next;
  }

  return {
    get(key) {
      const entry = entries.get(key);
      if (!entry) return start(key);
      if (!stale || !entry.isLoaded || performance.now() - entry.startedAt < milliseconds) return entry.value;
      const next = entry.next ?? renew(key, entry);
      const waitMs = next.startedAt + stale.waitMs - performance.now();
      if (waitMs <= 0) return entry.value;
      return within(waitMs, next.value, 'slow').catch(
        // The old value is served instead.
        () => entry.value,
      );
    },
    forget() {
      entries.clear();
    },
  };
}

import { LRUCache } from 'lru-cache';
import { keyOf } from './topic-key.ts';

/** The last event of a cache channel. */
export interface CachedEvent {
  readonly event: string;
  readonly data: string;
}

/** Keeps the last event of each cache channel for those who subscribe later. */
export interface EventCache {
  put(appId: number, channel: string, event: CachedEvent): Promise<void>;
  get(appId: number, channel: string): Promise<CachedEvent | undefined>;
  /** Removes expired events. */
  sweep(): void;
}

/** How long the last event is kept, in milliseconds. */
export const cacheMs = 30 * 60_000;
/** Maximum number of channels; beyond it the oldest are removed first. */
const maxChannels = 10_000;

/** A cache for a single process. */
export function createLocalCache(): EventCache {
  // Made for the first event: it reserves its memory for all channels, and most apps have no cache channels.
  let events: LRUCache<string, CachedEvent> | undefined;
  return {
    async put(appId, channel, event) {
      events ??= new LRUCache({ max: maxChannels, ttl: cacheMs, perf: { now: () => performance.now() } });
      events.set(keyOf(appId, channel), event);
    },
    async get(appId, channel) {
      return events?.get(keyOf(appId, channel));
    },
    sweep() {
      events?.purgeStale();
    },
  };
}

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
  /** Removes what is too old to be told. */
  sweep(): void;
}

/** How long the last event is worth telling. */
export const cacheMs = 30 * 60_000;
/** The oldest go first beyond this many channels. */
const maxChannels = 10_000;

/** A cache for a single process. */
export function createLocalCache(): EventCache {
  const events = new Map<string, { readonly until: number; readonly event: CachedEvent }>();
  return {
    async put(appId, channel, event) {
      const key = keyOf(appId, channel);
      events.delete(key);
      const oldest = events.keys().next().value;
      if (events.size >= maxChannels && oldest !== undefined) events.delete(oldest);
      events.set(key, { until: Date.now() + cacheMs, event });
    },
    async get(appId, channel) {
      const known = events.get(keyOf(appId, channel));
      return known && known.until > Date.now() ? known.event : undefined;
    },
    sweep() {
      const now = Date.now();
      for (const [key, { until }] of events) if (until <= now) events.delete(key);
    },
  };
}

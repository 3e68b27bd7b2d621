import type { DispatchObserver } from '../dispatch/dispatch-options.ts';
import { bucketOf, emptyBuckets } from '../domain/buckets.ts';
import type { Statistic } from './store-statistics.ts';

/** Counts statistics of this process per minute until they are stored. */
export interface StatisticsCounter {
  readonly dispatch: DispatchObserver;
  /** Returns and resets the statistics counted since the last call. */
  take(): Statistic[];
  /**
   * Takes the statistics and stores them. If that fails, they are counted again, so that the next call stores them.
   *
   * @throws what `store` throws.
   */
  storeWith(store: (statistics: readonly Statistic[]) => Promise<void>): Promise<void>;
}

interface Counted {
  count: number;
  sum: number;
  readonly buckets: number[];
}

/** Minutes kept in memory while they cannot be stored, as during a database outage. */
const minutesKept = 60;

/** Creates a counter; `now` is the clock. */
export function createStatisticsCounter(now: () => number = Date.now): StatisticsCounter {
  let minutes = new Map<number, Map<string, Counted>>();

  function of(name: string, label: string, isDuration: boolean, at = now()): Counted {
    const minute = Math.floor(at / 60_000) * 60_000;
    let statistics = minutes.get(minute);
    if (!statistics) {
      statistics = new Map();
      minutes.set(minute, statistics);
      if (minutes.size > minutesKept) minutes.delete(Math.min(...minutes.keys()));
    }
    const id = `${name} ${label}`;
    let counted = statistics.get(id);
    if (!counted) {
      counted = { count: 0, sum: 0, buckets: isDuration ? emptyBuckets() : [] };
      statistics.set(id, counted);
    }
    return counted;
  }

  function time(name: string, label: string, ms: number): void {
    const counted = of(name, label, true);
    const at = bucketOf(ms);
    counted.count += 1;
    counted.sum += ms;
    counted.buckets[at] = (counted.buckets[at] ?? 0) + 1;
  }

  function count(name: string, label: string): void {
    of(name, label, false).count += 1;
  }

  function take(): Statistic[] {
    const taken = minutes;
    minutes = new Map();
    return rowsOf(taken);
  }

  return {
    dispatch: {
      handled() {},
      aged(events) {
        for (const { occurredAt } of events) time('age', '', Math.max(0, now() - Date.parse(occurredAt)));
      },
      broadcast(events) {
        for (const { type, occurredAt } of events) {
          count('event', type);
          time('broadcast', '', Math.max(0, now() - Date.parse(occurredAt)));
        }
      },
      failed: (listener) => count('failed', listener),
      parked: (listener) => count('parked', listener),
      dead: (listener) => count('dead', listener),
      paused() {},
      unreadable() {},
    },
    take,
    async storeWith(store) {
      const taken = take();
      try {
        await store(taken);
      } catch (error) {
        for (const { at, name, label, ...counted } of taken)
          add(of(name, label, counted.buckets.length > 0, Date.parse(at)), counted);
        throw error;
      }
    },
  };
}

function rowsOf(minutes: ReadonlyMap<number, ReadonlyMap<string, Counted>>): Statistic[] {
  return [...minutes].flatMap(([minute, statistics]) =>
    [...statistics].map(([id, { count, sum, buckets }]) => {
      const [name = '', label = ''] = id.split(' ');
      return { at: new Date(minute).toISOString(), name, label, count, sum, buckets };
    }),
  );
}

function add(counted: Counted, { count, sum, buckets }: Pick<Statistic, 'count' | 'sum' | 'buckets'>): void {
  counted.count += count;
  counted.sum += sum;
  for (const [index, more] of buckets.entries())
    counted.buckets[index] = (counted.buckets[index] ?? 0) + more;
}

/** Combines two observers into one. */
export function bothOf(one: DispatchObserver, other: DispatchObserver): DispatchObserver {
  return {
    handled(...args) {
      one.handled(...args);
      other.handled(...args);
    },
    aged(events) {
      one.aged(events);
      other.aged(events);
    },
    broadcast(events) {
      one.broadcast(events);
      other.broadcast(events);
    },
    failed(listener) {
      one.failed(listener);
      other.failed(listener);
    },
    parked(listener) {
      one.parked(listener);
      other.parked(listener);
    },
    dead(listener) {
      one.dead(listener);
      other.dead(listener);
    },
    paused(listener) {
      one.paused(listener);
      other.paused(listener);
    },
    unreadable() {
      one.unreadable();
      other.unreadable();
    },
  };
}

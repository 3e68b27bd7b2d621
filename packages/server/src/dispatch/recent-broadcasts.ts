import { definitionOf, type Event, eventNames } from '@mevrik/protocol';
import type { Sql } from '../db/sql.ts';
import { type EventRow, eventColumns, toEvent } from '../log/log.ts';
import { type Broadcast, broadcastsOf } from './broadcasts.ts';

/** A range of a partition: the offsets after `after`, up to and including `upTo`. */
export interface Range {
  readonly partition: number;
  readonly after: number;
  readonly upTo: number;
}

/** The cached broadcasts of a range of a partition. */
interface Slice {
  after: number;
  upTo: number;
  readonly byTopic: Map<string, Broadcast[]>;
}

/** How long broadcasts stay cached: many clients that reconnect together do so within seconds. */
const keptMs = 10_000;
/** The maximum number of cached events. */
const maxKept = 50_000;

/**
 * Broadcasts read back from the end of the log. Many clients that reconnect at once request nearly the same, so the
 * broadcasts are cached for a short time.
 */
export class RecentBroadcasts {
  readonly #sql: Sql;
  readonly #slices = new Map<number, Slice>();
  #kept = 0;
  #reading: Promise<unknown> = Promise.resolve();
  #forgetting: NodeJS.Timeout | undefined;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /**
   * The broadcasts of a topic in these ranges; in log order within a partition, by time across partitions. `undefined`
   * if the log no longer has all of them.
   */
  async read(
    appId: number,
    topic: string,
    ranges: readonly Range[],
  ): Promise<readonly Broadcast[] | undefined> {
    const slices = await this.#load(ranges);
    if (!areComplete(slices)) return undefined;
    const key = keyOf(appId, topic);
    return inOrder(slices.flatMap(([range, { byTopic }]) => within(range, byTopic.get(key) ?? [])));
  }

  /** All broadcasts in these ranges; `undefined` if the log no longer has all of them. */
  async readAll(ranges: readonly Range[]): Promise<readonly Broadcast[] | undefined> {
    const slices = await this.#load(ranges);
    if (!areComplete(slices)) return undefined;
    return inOrder(
      slices.flatMap(([range, { byTopic }]) =>
        [...byTopic.values()].flatMap((known) => within(range, known)),
      ),
    );
  }

  /** Loads run one after another, so that each uses what the previous one has cached. */
  #load(ranges: readonly Range[]): Promise<readonly (readonly [Range, Slice])[]> {
    const loaded = this.#reading.then(async () => {
      const missing = ranges.flatMap((range) => this.#missingOf(range));
      if (missing.length > 0) {
        const events = await readEvents(this.#sql, missing);
        // Read after the events: what was deleted before they were read is known now.
        this.#keep(missing, events, await readTrimmed(this.#sql, missing));
      }
      const slices = ranges.map(
        (range) => [range, this.#slices.get(range.partition) ?? empty(range)] as const,
      );
      if (this.#kept > maxKept) this.#clear();
      return slices;
    });
    // The caller gets the failure from `loaded`; the next reading only waits for its end.
    this.#reading = loaded.catch(() => {});
    return loaded;
  }

  #missingOf(range: Range): Range[] {
    const slice = this.#slices.get(range.partition);
    if (!slice || range.after < slice.after) {
      // Up to the end of the existing slice, so that the slice stays contiguous.
      return [{ ...range, upTo: Math.max(range.upTo, slice?.upTo ?? 0) }];
    }
    return range.upTo > slice.upTo ? [{ ...range, after: slice.upTo }] : [];
  }

  #keep(ranges: readonly Range[], events: readonly Event[], trimmed: ReadonlyMap<number, number>): void {
    for (const range of ranges) {
      const slice = this.#slices.get(range.partition);
      if (slice && slice.upTo === range.after) slice.upTo = range.upTo;
      else {
        const after = Math.max(range.after, trimmed.get(range.partition) ?? 0);
        this.#slices.set(range.partition, empty({ ...range, after }));
      }
    }
    for (const event of events) {
      const byTopic = this.#slices.get(event.partition)?.byTopic;
      for (const broadcast of broadcastsOf(event)) {
        const key = keyOf(broadcast.appId, broadcast.topic);
        const known = byTopic?.get(key);
        if (known) known.push(broadcast);
        else byTopic?.set(key, [broadcast]);
      }
    }
    this.#kept += events.length;
    this.#forgetting ??= setTimeout(() => this.forget(), keptMs).unref();
  }

  /** Forgets the cached broadcasts, once what is being loaded has been: it would append to a slice that is gone. */
  forget(): void {
    this.#reading = this.#reading.then(() => this.#clear());
  }

  #clear(): void {
    clearTimeout(this.#forgetting);
    this.#forgetting = undefined;
    this.#slices.clear();
    this.#kept = 0;
  }
}

const broadcastTypes = eventNames.filter((name) => definitionOf(name).broadcast !== null);

/** The events of the ranges that have a broadcast, in order. */
async function readEvents(sql: Sql, ranges: readonly Range[]): Promise<readonly Event[]> {
  const rows = await sql<EventRow[]>`
    SELECT ${eventColumns(sql)} FROM events
    JOIN unnest(${ranges.map(({ partition }) => partition)}::int[], ${ranges.map(({ after }) => after)}::bigint[],
                ${ranges.map(({ upTo }) => upTo)}::bigint[]) AS range (of_partition, after, up_to)
      ON partition = of_partition AND "offset" > after AND "offset" <= up_to
    WHERE type = ANY(${broadcastTypes})
    ORDER BY partition, "offset"`;
  return rows.map(toEvent);
}

/** Up to which offset events of these partitions may be missing. */
async function readTrimmed(sql: Sql, ranges: readonly Range[]): Promise<ReadonlyMap<number, number>> {
  const rows = await sql<{ partition: number; offset: number }[]>`
    SELECT partition, "offset" FROM trimmed_partitions
    WHERE partition = ANY(${ranges.map(({ partition }) => partition)})`;
  return new Map(rows.map(({ partition, offset }) => [partition, offset]));
}

function areComplete(slices: readonly (readonly [Range, Slice])[]): boolean {
  return slices.every(([range, slice]) => slice.after <= range.after);
}

function within({ after, upTo }: Range, broadcasts: readonly Broadcast[]): readonly Broadcast[] {
  return broadcasts.filter(({ at: [, offset] }) => offset > after && offset <= upTo);
}

/** Sorts by time, which an event's ID starts with; events of one partition stay in log order. */
function inOrder(broadcasts: readonly Broadcast[]): readonly Broadcast[] {
  const clock = new Map<number, string>();
  return broadcasts
    .map((broadcast) => {
      const [partition] = broadcast.at;
      const before = clock.get(partition) ?? '';
      // Never earlier than its predecessor in the partition, even if the nodes' clocks differ.
      if (broadcast.eventId > before) clock.set(partition, broadcast.eventId);
      return { broadcast, time: clock.get(partition) ?? before };
    })
    .sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
    .map(({ broadcast }) => broadcast);
}

function keyOf(appId: number, topic: string): string {
  return `${appId} ${topic}`;
}

function empty({ after, upTo }: Range): Slice {
  return { after, upTo, byTopic: new Map() };
}

import { definitionOf, type Event, eventNames } from '@mevrik/protocol';
import type { Sql } from '../db/sql.ts';
import { type EventRow, eventColumns, toEvent } from '../log/log.ts';
import { type Broadcast, broadcastsOf } from './broadcasts.ts';

/** A stretch of a partition: what comes after `after`, up to and with `upTo`. */
export interface Range {
  readonly partition: number;
  readonly after: number;
  readonly upTo: number;
}

/** What was read of a partition: the broadcasts of every event after `after`, up to and with `upTo`. */
interface Slice {
  after: number;
  upTo: number;
  readonly byTopic: Map<string, Broadcast[]>;
}

/** How long a reading serves those who ask after it: a crowd that comes back does so within seconds. */
const keptMs = 10_000;
/** So many events are kept at most. */
const maxKept = 50_000;

/**
 * Broadcasts read back from the end of the log. When many clients come back at once they ask for nearly the same, so
 * what was read is kept for a moment.
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

  /** What a topic's hearers were told in these ranges; in order within each, and by time between them. */
  async read(appId: number, topic: string, ranges: readonly Range[]): Promise<readonly Broadcast[]> {
    const slices = await this.#load(ranges);
    const key = keyOf(appId, topic);
    return inOrder(slices.flatMap(([range, { byTopic }]) => within(range, byTopic.get(key) ?? [])));
  }

  /** What anybody was told in these ranges. */
  async readAll(ranges: readonly Range[]): Promise<readonly Broadcast[]> {
    const slices = await this.#load(ranges);
    return inOrder(
      slices.flatMap(([range, { byTopic }]) =>
        [...byTopic.values()].flatMap((known) => within(range, known)),
      ),
    );
  }

  /** One after the other, so that the next finds what the one before has read. */
  #load(ranges: readonly Range[]): Promise<readonly (readonly [Range, Slice])[]> {
    const loaded = this.#reading.then(async () => {
      const missing = ranges.flatMap((range) => this.#missingOf(range));
      if (missing.length > 0) this.#keep(missing, await readEvents(this.#sql, missing));
      const slices = ranges.map(
        (range) => [range, this.#slices.get(range.partition) ?? empty(range)] as const,
      );
      if (this.#kept > maxKept) this.#forget();
      return slices;
    });
    this.#reading = loaded.catch(() => {});
    return loaded;
  }

  #missingOf(range: Range): Range[] {
    const slice = this.#slices.get(range.partition);
    if (!slice || range.after < slice.after) {
      // Up to where others may have read already, so that the slice stays whole.
      return [{ ...range, upTo: Math.max(range.upTo, slice?.upTo ?? 0) }];
    }
    return range.upTo > slice.upTo ? [{ ...range, after: slice.upTo }] : [];
  }

  #keep(ranges: readonly Range[], events: readonly Event[]): void {
    for (const range of ranges) {
      const slice = this.#slices.get(range.partition);
      if (slice && slice.upTo === range.after) slice.upTo = range.upTo;
      else this.#slices.set(range.partition, empty(range));
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
    this.#forgetting ??= setTimeout(() => this.#forgetSoon(), keptMs).unref();
  }

  /** Never while something is read: it would be put beside what is no longer there. */
  #forgetSoon(): void {
    this.#reading = this.#reading.then(() => this.#forget());
  }

  #forget(): void {
    clearTimeout(this.#forgetting);
    this.#forgetting = undefined;
    this.#slices.clear();
    this.#kept = 0;
  }
}

const broadcastTypes = eventNames.filter((name) => definitionOf(name).broadcast !== null);

/** The events of the ranges that are broadcast at all, in order. */
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

function within({ after, upTo }: Range, broadcasts: readonly Broadcast[]): readonly Broadcast[] {
  return broadcasts.filter(({ at: [, offset] }) => offset > after && offset <= upTo);
}

/** By time, which an event's id begins with; those of one partition stay in the order of the log. */
function inOrder(broadcasts: readonly Broadcast[]): readonly Broadcast[] {
  const clock = new Map<number, string>();
  return broadcasts
    .map((broadcast) => {
      const [partition] = broadcast.at;
      const before = clock.get(partition) ?? '';
      // Never earlier than what came before it in its partition, whatever the clocks of the nodes say.
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

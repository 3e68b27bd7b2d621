import type { Event } from '@mevrik/protocol';
import type { Tail } from '../log/tail.ts';
import { handledRecord } from './batch.ts';
import { type Broadcast, broadcastsOf } from './broadcasts.ts';
import { batchLimit, type DispatchOptions } from './dispatch-options.ts';
import { describeError } from './faults.ts';

/** What the lane is given. */
export interface BroadcastLaneOptions {
  readonly options: DispatchOptions;
  readonly tail: Tail;
  readonly owns: (partition: number) => boolean;
  /** Hands messages to the bus, in order; `null` where `EVENT_BROADCAST_ENABLED` is false. */
  readonly publish: ((messages: readonly Broadcast[]) => Promise<void>) | null;
  /** Resolves when no other node can miss what was published before; perhaps long after. */
  readonly reached: () => Promise<void>;
  readonly onPublished: (event: Event) => void;
}

/** The name of its checkpoints. */
export const broadcastSubscription = 'Broadcast';

/** What a lane remembers between two flushes; of more, the oldest are left out of the books. */
const maxTold = 10_000;
const maxDurationUs = 2 ** 31 - 1;

/** How long a place may be ahead of its checkpoint: what a crash may broadcast a second time. */
const flushDelayMs = 1_000;

/**
 * Broadcasts a partition's events beside the listeners, so that a slow listener never delays what people see.
 * In order per partition; after a crash the last moments may be sent again, under the same event id.
 */
export class BroadcastLane {
  readonly #partition: number;
  readonly #with: BroadcastLaneOptions;
  #place: number | undefined;
  /** Up to here nothing can be missed any more, so that nobody need broadcast it again. */
  #reached = 0;
  #stored = 0;
  #run: Promise<void> | undefined;
  #woken = false;
  #inLog = true;
  #stopped = false;
  #flushTimer: NodeJS.Timeout | undefined;
  /** What was told since the last flush, and how long after it had happened. */
  readonly #told: { appId: number; offset: number; durationUs: number }[] = [];

  constructor(partition: number, surroundings: BroadcastLaneOptions) {
    this.#partition = partition;
    this.#with = surroundings;
  }

  /** Says that there may be something to broadcast, and where. */
  wake(where: 'memory' | 'log' = 'log'): void {
    this.#woken = true;
    if (where === 'log') this.#inLog = true;
    if (this.#run || this.#stopped) return;
    this.#run = this.#loop().finally(() => {
      this.#run = undefined;
      if (this.#woken && !this.#stopped) this.wake();
    });
  }

  /** Resolves when what was there at the time of the call is handed to the bus. */
  async settled(): Promise<void> {
    this.wake();
    while (this.#run) await this.#run;
  }

  /** Begins nothing further; writes its place down where the partition is still ours. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#flushTimer);
    await this.#run;
    await this.#flush();
  }

  async #loop(): Promise<void> {
    const { options, tail, owns, publish, reached, onPublished } = this.#with;
    const sql = options.database.sql;
    try {
      while (this.#woken && !this.#stopped && owns(this.#partition)) {
        const inLog = this.#inLog;
        this.#woken = false;
        this.#inLog = false;
        let after: number = this.#place ?? (await this.#load());
        for (;;) {
          const events = await tail.read(sql, { partition: this.#partition, after }, batchLimit, inLog);
          if (events.length === 0 || !owns(this.#partition)) break;
          if (publish) {
            const messages = events.flatMap(broadcastsOf);
            if (messages.length > 0) {
              await publish(messages);
              this.#note(events, new Set(messages.map(({ eventId }) => eventId)));
            }
            for (const event of events) onPublished(event);
          }
          options.observe.broadcast(events);
          after = events.at(-1)?.offset ?? after;
          this.#place = after;
          const place = after;
          void reached().then(() => this.#onReached(place));
        }
      }
    } catch (error) {
      options.log.warn(
        { partition: this.#partition, error: describeError(error) },
        'a broadcast is tried again',
      );
      setTimeout(() => this.wake(), 100 + Math.random() * 200).unref();
    }
  }

  #onReached(place: number): void {
    this.#reached = Math.max(place, this.#reached);
    if (this.#stopped) return;
    this.#flushTimer ??= setTimeout(() => {
      this.#flushTimer = undefined;
      void this.#flush();
    }, flushDelayMs);
  }

  /** Remembers what was told, for the books. */
  #note(events: readonly Event[], told: ReadonlySet<string>): void {
    const now = Date.now();
    for (const { id, appId, offset, occurredAt } of events) {
      if (!told.has(id)) continue;
      const durationUs = Math.min(Math.max(0, now - Date.parse(occurredAt)) * 1000, maxDurationUs);
      this.#told.push({ appId, offset, durationUs });
    }
    this.#told.splice(0, this.#told.length - maxTold);
  }

  async #load(): Promise<number> {
    const [row] = await this.#with.options.database.sql<{ offset: number }[]>`
      SELECT "offset" FROM checkpoints
      WHERE partition = ${this.#partition} AND subscription = ${broadcastSubscription}`;
    this.#stored = row?.offset ?? 0;
    return this.#stored;
  }

  async #flush(): Promise<void> {
    const place = this.#reached;
    if (place <= this.#stored) return;
    const told = this.#told.filter(({ offset }) => offset <= place);
    const handling = {
      subscription: { name: broadcastSubscription },
      partition: this.#partition,
      outcomes: told,
      startedAt: new Date(),
      finishedAt: new Date(),
    };
    const sql = this.#with.options.database.sql;
    const record = handledRecord(sql, this.#with.options.nodeId, [handling]);
    // Never backwards: a former owner that writes late must not make the next one broadcast again.
    await sql`
      ${record ? sql`WITH record AS (${record})` : sql``}
      UPDATE checkpoints SET "offset" = ${place}
      WHERE partition = ${this.#partition} AND subscription = ${broadcastSubscription} AND "offset" < ${place}`.then(
      () => {
        this.#stored = place;
        this.#told.splice(0, told.length);
        this.#with.options.onMoved(told);
      },
      () => {},
    );
  }
}

import type { Event } from '@mevrik/protocol';
import type { Tail } from '../log/tail.ts';
import { handledRecord } from './batch.ts';
import { type Broadcast, broadcastsOf } from './broadcasts.ts';
import { batchLimit, type DispatchOptions } from './dispatch-options.ts';
import { describeError } from './faults.ts';

/** The dependencies of a lane. */
export interface BroadcastLaneOptions {
  readonly options: DispatchOptions;
  readonly tail: Tail;
  readonly owns: (partition: number) => boolean;
  /** Publishes messages to the bus in order; `null` if `EVENT_BROADCAST_ENABLED` is false. */
  readonly publish: ((messages: readonly Broadcast[]) => Promise<void>) | null;
  /** Resolves when no node can miss messages published before the call; this may take long. */
  readonly reached: () => Promise<void>;
  readonly onPublished: (event: Event) => void;
}

/** The subscription name of the broadcast checkpoints. */
export const broadcastSubscription = 'Broadcast';

/** Published events that a lane remembers between two flushes; beyond that the oldest are not recorded. */
const maxUnrecorded = 10_000;
const maxDurationUs = 2 ** 31 - 1;

/** How long a position may be ahead of its checkpoint; a crash repeats the broadcasts of this time. */
const flushDelayMs = 1_000;

/**
 * Broadcasts a partition's events independently of the listeners, so that a slow listener never delays a broadcast.
 * Messages are ordered per partition; after a crash the last ones may be repeated, with the same event ID.
 */
export class BroadcastLane {
  readonly #partition: number;
  readonly #deps: BroadcastLaneOptions;
  #position: number | undefined;
  /** Broadcasts up to this offset have reached all nodes and need not be repeated. */
  #reached = 0;
  #stored = 0;
  #run: Promise<void> | undefined;
  #isWoken = false;
  #isInLog = true;
  #isStopped = false;
  #flushTimer: NodeJS.Timeout | undefined;
  /** The events published since the last flush, with the delay since each occurred. */
  readonly #published: { appId: number; offset: number; durationUs: number }[] = [];

  constructor(partition: number, deps: BroadcastLaneOptions) {
    this.#partition = partition;
    this.#deps = deps;
  }

  /** Wakes the lane: this process's own commits are in memory, all other events in the log. */
  wake(where: 'memory' | 'log' = 'log'): void {
    this.#isWoken = true;
    if (where === 'log') this.#isInLog = true;
    if (this.#run || this.#isStopped) return;
    this.#run = this.#loop().finally(() => {
      this.#run = undefined;
      if (this.#isWoken && !this.#isStopped) this.wake();
    });
  }

  /** Resolves when all events present at the time of the call are published. */
  async settled(): Promise<void> {
    this.wake();
    while (this.#run) await this.#run;
  }

  /** Stops after the current batch and stores the position. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#flushTimer);
    await this.#run;
    await this.#flush();
  }

  async #loop(): Promise<void> {
    const { options, tail, owns, publish, reached, onPublished } = this.#deps;
    const sql = options.database.sql;
    try {
      while (this.#isWoken && !this.#isStopped && owns(this.#partition)) {
        const inLog = this.#isInLog;
        this.#isWoken = false;
        this.#isInLog = false;
        let after: number = this.#position ?? (await this.#load());
        for (;;) {
          const events = await tail.read(sql, { partition: this.#partition, after }, batchLimit, inLog);
          if (events.length === 0 || !owns(this.#partition)) break;
          if (publish) {
            const messages = events.flatMap(broadcastsOf);
            if (messages.length > 0) {
              await publish(messages);
              this.#record(events, new Set(messages.map(({ eventId }) => eventId)));
            }
            for (const event of events) onPublished(event);
          }
          options.observe.broadcast(events);
          after = events.at(-1)?.offset ?? after;
          this.#position = after;
          const position = after;
          void reached().then(() => this.#onReached(position));
        }
      }
    } catch (error) {
      options.log.warn(
        { partition: this.#partition, error: describeError(error) },
        'a broadcast failed; retrying',
      );
      setTimeout(() => this.wake(), 100 + Math.random() * 200).unref();
    }
  }

  #onReached(position: number): void {
    this.#reached = Math.max(position, this.#reached);
    if (this.#isStopped) return;
    this.#flushTimer ??= setTimeout(() => {
      this.#flushTimer = undefined;
      void this.#flush();
    }, flushDelayMs);
  }

  /** Remembers the published events for the records of handled events. */
  #record(events: readonly Event[], published: ReadonlySet<string>): void {
    const now = Date.now();
    for (const { id, appId, offset, occurredAt } of events) {
      if (!published.has(id)) continue;
      const durationUs = Math.min(Math.max(0, now - Date.parse(occurredAt)) * 1000, maxDurationUs);
      this.#published.push({ appId, offset, durationUs });
    }
    this.#published.splice(0, this.#published.length - maxUnrecorded);
  }

  async #load(): Promise<number> {
    const [row] = await this.#deps.options.database.sql<{ offset: number }[]>`
      SELECT "offset" FROM checkpoints
      WHERE partition = ${this.#partition} AND subscription = ${broadcastSubscription}`;
    this.#stored = row?.offset ?? 0;
    return this.#stored;
  }

  async #flush(): Promise<void> {
    const position = this.#reached;
    if (position <= this.#stored) return;
    const published = this.#published.filter(({ offset }) => offset <= position);
    const handling = {
      subscription: { name: broadcastSubscription },
      partition: this.#partition,
      outcomes: published,
      startedAt: new Date(),
      finishedAt: new Date(),
    };
    const sql = this.#deps.options.database.sql;
    const record = handledRecord(sql, this.#deps.options.nodeId, [handling]);
    // Never backwards: a late write of a former owner must not make the next owner repeat broadcasts.
    await sql`
      ${record ? sql`WITH record AS (${record})` : sql``}
      UPDATE checkpoints SET "offset" = ${position}
      WHERE partition = ${this.#partition} AND subscription = ${broadcastSubscription} AND "offset" < ${position}`.then(
      () => {
        this.#stored = position;
        this.#published.splice(0, published.length);
        this.#deps.options.onMoved(published);
      },
      () => {},
    );
  }
}

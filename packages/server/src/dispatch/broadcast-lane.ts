import type { Event } from '@mevrik/protocol';
import { isDatabaseUnavailable } from '../db/database-errors.ts';
import type { Tail } from '../log/tail.ts';
import { handledRecord } from './batch.ts';
import { type Broadcast, broadcastsOf } from './broadcasts.ts';
import { batchLimit, type DispatchOptions } from './dispatch-options.ts';
import { logBroadcast } from './event-log-lines.ts';
import type { Progress } from './progress-reader.ts';
import { WakeLoop } from './wake-loop.ts';

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
  readonly #readProgress: () => Promise<Progress>;
  #position: number | undefined;
  /** Broadcasts up to this offset have reached all nodes and need not be repeated. */
  #reached = 0;
  #stored = 0;
  readonly #loop = new WakeLoop(() => this.#publishAll());
  #isAwaitingReached = false;
  #isInLog = true;
  #isLost = false;
  #flushTimer: NodeJS.Timeout | undefined;
  /** The events published since the last flush, with the delay since each occurred. */
  readonly #published: { appId: number; offset: number; durationUs: number }[] = [];

  /**
   * @param readProgress reads from where on it publishes; resolves when this node's clients have received everything up
   * to there.
   */
  constructor(partition: number, deps: BroadcastLaneOptions, readProgress: () => Promise<Progress>) {
    this.#partition = partition;
    this.#deps = deps;
    this.#readProgress = readProgress;
  }

  /** Wakes the lane: this process's own commits are in memory, all other events in the log. */
  wake(where: 'memory' | 'log' = 'log'): void {
    if (where === 'log') this.#isInLog = true;
    this.#loop.wake();
  }

  /** Whether events up to this offset are not published yet. */
  isBehind(offset: number): boolean {
    return this.#position === undefined || this.#position < offset;
  }

  /** Resolves when all events present at the time of the call are published. */
  async settled(): Promise<void> {
    this.#isInLog = true;
    await this.#loop.settled();
  }

  /**
   * Stops after the current batch and stores the position. Not if the partition was lost: in another database, after a
   * fail-over, the position may be that of events that are still to be broadcast.
   */
  async stop(isLost: boolean): Promise<void> {
    this.#isLost = isLost;
    await this.#loop.stop();
    clearTimeout(this.#flushTimer);
    await this.#flush();
  }

  /** Publishes all events that are there; after an error, tries again in a moment. */
  async #publishAll(): Promise<void> {
    const { options, owns } = this.#deps;
    if (!owns(this.#partition)) return;
    let inLog = this.#isInLog;
    this.#isInLog = false;
    try {
      if (this.#position === undefined) inLog = this.isBehind(await this.#load());
      let after = this.#position;
      while (after !== undefined) after = await this.#publishNext(after, inLog);
    } catch (error) {
      options.log.warn({ partition: this.#partition, err: error }, 'a broadcast failed; retrying');
      setTimeout(() => this.wake(), 100 + Math.random() * 200).unref();
    }
  }

  /** Publishes the batch after a position. @returns the position that was reached; `undefined` without events. */
  async #publishNext(after: number, inLog: boolean): Promise<number | undefined> {
    const { options, tail, owns, publish, onPublished } = this.#deps;
    const position = { partition: this.#partition, after };
    const events = await tail.read(options.database.sql, position, batchLimit, inLog);
    const last = events.at(-1);
    if (!last || !owns(this.#partition)) return undefined;
    const messages = events.flatMap((event) => broadcastsOf(event, this.#reportUnreadable));
    if (publish && messages.length > 0) await publish(messages);
    this.#record(events, new Set(messages.map(({ eventId }) => eventId)));
    if (publish) {
      logBroadcast(options, events, messages);
      for (const event of events) onPublished(event);
      options.observe.broadcast(events);
    }
    this.#position = last.offset;
    this.#awaitReached(last.offset);
    return last.offset;
  }

  /** One wait at a time: while the other nodes cannot be reached, waits for each batch would pile up. */
  #awaitReached(position: number): void {
    if (this.#isAwaitingReached) return;
    this.#isAwaitingReached = true;
    void this.#deps.reached().then(() => {
      this.#isAwaitingReached = false;
      this.#onReached(position);
      const newest = this.#position ?? position;
      if (newest > position) this.#awaitReached(newest);
    });
  }

  /** An unreadable event must not stop the live updates of its partition. */
  readonly #reportUnreadable = ({ id, type }: Event, error: unknown): void => {
    this.#deps.options.observe.unreadable();
    this.#deps.options.log.error({ event: id, type, err: error }, 'an event cannot be broadcast');
  };

  #onReached(position: number): void {
    this.#reached = Math.max(position, this.#reached);
    this.#flushLater();
  }

  #flushLater(): void {
    if (this.#loop.isStopped) return;
    this.#flushTimer ??= setTimeout(() => {
      this.#flushTimer = undefined;
      void this.#flush();
    }, flushDelayMs);
  }

  /** Remembers the events for the records of handled events: published, or skipped while broadcasting is off. */
  #record(events: readonly Event[], published: ReadonlySet<string>): void {
    const now = Date.now();
    for (const { id, appId, offset, occurredAt } of events) {
      if (!published.has(id)) continue;
      const delayUs = Math.min(Math.max(0, now - Date.parse(occurredAt)) * 1000, maxDurationUs);
      const durationUs = this.#deps.publish ? delayUs : -1;
      this.#published.push({ appId, offset, durationUs });
    }
    this.#published.splice(0, this.#published.length - maxUnrecorded);
  }

  /** Reads the position. @returns the newest offset at that moment. */
  async #load(): Promise<number> {
    const { checkpoints, head } = await this.#readProgress();
    const own = checkpoints.find(({ subscription }) => subscription === broadcastSubscription);
    this.#stored = own?.offset ?? 0;
    this.#position = this.#stored;
    return head;
  }

  async #flush(): Promise<void> {
    const position = this.#reached;
    if (position <= this.#stored || this.#isLost) return;
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
      WHERE partition = ${this.#partition} AND subscription = ${broadcastSubscription} AND "offset" < ${position}
        AND ${position} <= (SELECT head FROM log_partitions WHERE log_partitions.partition = ${this.#partition})`.then(
      () => {
        this.#stored = position;
        this.#published.splice(0, published.length);
        this.#deps.options.onMoved(published);
      },
      (error: unknown) => {
        // After a crash the events are broadcast once more, with the same IDs.
        // While the database is away, which is reported elsewhere, each partition would log this every second.
        if (!isDatabaseUnavailable(error)) {
          const detail = { partition: this.#partition, err: error };
          this.#deps.options.log.warn(detail, 'failed to store the position of broadcasts; retrying');
        }
        this.#flushLater();
      },
    );
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import type { Event } from '@mevrik/protocol';
import type { Tail } from '../log/tail.ts';
import { BlockedKeys } from './blocked-keys.ts';
import { batchLimit, type DispatchOptions } from './dispatch-options.ts';
import { FencedError } from './errors.ts';
import { PartitionBatches, type PositionBatch } from './partition-batches.ts';
import { type Pauses, type Position, Positions } from './positions.ts';
import type { ProgressReader } from './progress-reader.ts';
import { subscribersOfUnknown } from './registry.ts';
import type { Slots } from './slots.ts';
import type { Subscription } from './subscription.ts';
import type { Suspects } from './suspects.ts';
import { WakeLoop } from './wake-loop.ts';

/** How long a position may be ahead of its checkpoint after skipping events of other subscriptions. */
const flushDelayMs = 1_000;

/** The dependencies of a pump, shared by all pumps of a node. */
export interface PumpDeps {
  readonly options: DispatchOptions;
  readonly subscriptions: readonly Subscription[];
  readonly tail: Tail;
  readonly progress: ProgressReader;
  readonly slots: Slots;
  /** Whether this node still holds the partition's lock. */
  readonly owns: (partition: number) => boolean;
  readonly pauses: Pauses;
  /** Called after events of an app were parked, to schedule retries and enforce the limit of parked events. */
  readonly onParked: (subscription: Subscription, appId: number) => void;
}

/**
 * Runs the listeners of one partition, one batch at a time, so that they can't deadlock with each other and each
 * handles the events of a key in order. Only the pump parks events and unblocks parked keys, so that the two can't
 * race.
 */
export class PartitionPump {
  readonly partition: number;
  readonly #deps: PumpDeps;
  readonly #positions: Positions;
  readonly #blocked = new BlockedKeys();
  readonly #loop = new WakeLoop(() => this.#handleAll());
  #isInLog = true;
  #isLoaded = false;
  #isFlushDue = false;
  #flushTimer: NodeJS.Timeout | undefined;
  readonly #batches: PartitionBatches;
  /** Up to which offset events are handled one by one, because they may have ended the process; unknown at first. */
  #watchedTo: number | undefined;
  #suspects: Suspects | undefined;

  constructor(partition: number, deps: PumpDeps) {
    this.partition = partition;
    this.#deps = deps;
    this.#positions = new Positions(partition, deps.options.database.sql, deps.pauses);
    this.#batches = new PartitionBatches({
      options: deps.options,
      partition,
      positions: this.#positions,
      blocked: this.#blocked,
      mustStop: () => this.#mustStop,
      onParked: deps.onParked,
    });
  }

  /** Wakes the pump: this process's own commits are in memory, all other events in the log. */
  wake(where: 'memory' | 'log' = 'log'): void {
    if (where === 'log') this.#isInLog = true;
    this.#loop.wake();
  }

  /** Whether events up to this offset are not handled yet. */
  isBehind(offset: number): boolean {
    if (!this.#isLoaded) return true;
    return this.#positions.canAdvance(offset);
  }

  /** Resolves when all events present at the time of the call are handled, or the pump has stopped. */
  async settled(): Promise<void> {
    this.#isFlushDue = true;
    this.#isInLog = true;
    await this.#loop.settled();
  }

  /** Requests a check whether a parked key can be unblocked. */
  reconcile(subscription: Subscription, key: string): void {
    this.#blocked.checkLater(subscription, key);
    this.wake();
  }

  /** Starts no further batch, and resolves when the current one has ended. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    clearTimeout(this.#flushTimer);
    if (!this.#isLoaded || !this.#deps.owns(this.partition)) return;
    await this.#positions.flush().catch(() => {
      // The next owner reads those events once more and skips them again.
    });
  }

  /** Schedules a flush: nothing depends on it, and one statement then covers many events. */
  #flushLater(): void {
    this.#flushTimer ??= setTimeout(() => {
      this.#flushTimer = undefined;
      this.#isFlushDue = true;
      this.wake('memory');
    }, flushDelayMs);
  }

  /** Handles all events that are there; after an error, waits a moment and reloads. */
  async #handleAll(): Promise<void> {
    if (!this.#deps.owns(this.partition)) return;
    let inLog = this.#isInLog;
    this.#isInLog = false;
    try {
      if (!this.#isLoaded) inLog = this.isBehind(await this.#load());
      await this.#reconcileKeys();
      while ((await this.#handleNext(inLog)) && !this.#mustStop) {
        await this.#reconcileKeys();
        // An app that catches up may keep this loop running for long.
        if (this.#isInLog) inLog = true;
        this.#isInLog = false;
        await this.#flushIfDue();
      }
      await this.#flushIfDue();
    } catch (error) {
      this.#logFailure(error);
      this.#isLoaded = false;
      this.#loop.wake();
      await delay(50 + Math.random() * 200);
    }
  }

  async #flushIfDue(): Promise<void> {
    if (!this.#isFlushDue || !this.#deps.owns(this.partition)) return;
    this.#isFlushDue = false;
    await this.#positions.flush();
  }

  #logFailure(error: unknown): void {
    const { log } = this.#deps.options;
    const detail = { partition: this.partition, err: error };
    if (error instanceof FencedError) log.warn(detail, 'another node moved a checkpoint; reloading');
    else log.error(detail, 'failed to process a partition; retrying');
  }

  /** Whether the pump was stopped, or this node no longer owns the partition. */
  get #mustStop(): boolean {
    return this.#loop.isStopped || !this.#deps.owns(this.partition);
  }

  /** Reads the positions and the blocked keys. @returns the newest offset at that moment. */
  async #load(): Promise<number> {
    this.#deps.tail.forget(this.partition);
    const progress = await this.#deps.progress.read(this.partition);
    this.#positions.replace(this.#deps.subscriptions, progress);
    this.#blocked.replace(progress.parked);
    this.#suspects = progress.suspects;
    const isSuspicious = progress.suspects.isWatched || progress.suspects.events.length > 0;
    // What ended the process was in the log by then.
    this.#watchedTo ??= isSuspicious ? progress.head : 0;
    this.#isLoaded = true;
    return progress.head;
  }

  /** Runs one transaction for each group of subscriptions at the same position. @returns whether there were events. */
  async #handleNext(inLog: boolean): Promise<boolean> {
    const { options, tail } = this.#deps;
    await this.#positions.joinCaughtUp();
    let progress = false;
    for (const [after, group] of this.#positions.groups()) {
      const read = { partition: this.partition, after };
      const events = await tail.read(options.database.sql, read, batchLimit, inLog);
      if (events.length === 0) continue;
      progress = true;
      if (this.#mustStop) return false;
      await this.#advance(group, events);
    }
    return progress;
  }

  async #advance(group: readonly Position[], events: readonly Event[]): Promise<void> {
    const unknown = await subscribersOfUnknown(this.#deps.options.database.sql, events);
    const batches: PositionBatch[] = [];
    for (const position of group) {
      const { subscription } = position;
      const to = this.#positions.reachedBy(position, events.at(-1)?.offset ?? position.seen);
      const wanted = events.filter(
        ({ type }) => subscription.events.has(type) || unknown.get(type)?.has(subscription.name),
      );
      if (wanted.length > 0) await this.#positions.splitPausedApps(position);
      const own = this.#positions.eventsOf(position, wanted);
      if (own.length > 0) batches.push(this.#batches.of(position, own, to));
      else {
        position.seen = to;
        this.#flushLater();
      }
    }
    if (batches.length === 0) return;
    const count = batches.reduce((sum, batch) => sum + batch.events.length, 0);
    const [first] = events;
    const suspects = first && first.offset <= (this.#watchedTo ?? 0) ? this.#suspects : undefined;
    await this.#deps.slots.hold(count, async () => {
      if (!suspects) return this.#batches.handle(batches);
      for (const batch of batches) await this.#batches.handleWatched(batch, suspects);
    });
    if (batches.some(({ position }) => position.seen !== position.stored)) this.#flushLater();
  }

  /** Unblocks keys that have no parked events left. Runs between batches, never concurrently with one. */
  async #reconcileKeys(): Promise<void> {
    for (const { subscription, appId } of await this.#blocked.check(this.#deps.options.database.sql)) {
      this.#deps.onParked(subscription, appId);
    }
  }
}

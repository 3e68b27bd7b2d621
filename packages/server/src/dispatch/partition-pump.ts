import { setTimeout as delay } from 'node:timers/promises';
import type { Event } from '@mevrik/protocol';
import type { Tail } from '../log/tail.ts';
import {
  type Batch,
  BatchFailure,
  type BatchResult,
  causeOf,
  divide,
  handleBatches,
  limitOf,
} from './batch.ts';
import { BlockedKeys } from './blocked-keys.ts';
import { moveCheckpoints } from './checkpoints.ts';
import { batchLimit, type DispatchOptions } from './dispatch-options.ts';
import { FencedError, ListenerTimeoutError } from './errors.ts';
import { attemptFailure, retryAfter, stalledRetry } from './listener-retry.ts';
import { Outages } from './outages.ts';
import { parkFailed } from './parking.ts';
import { type Pauses, type Position, Positions } from './positions.ts';
import type { ProgressReader } from './progress-reader.ts';
import { subscribersOfUnknown } from './registry.ts';
import type { Slots } from './slots.ts';
import type { Subscription } from './subscription.ts';
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

/** A batch, and the position that advances with it. */
interface PumpBatch extends Batch {
  readonly position: Position;
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
  /** Subscriptions that failed last time get transactions of their own until they succeed. */
  readonly #isolated = new Set<string>();
  readonly #outages = new Outages();

  constructor(partition: number, deps: PumpDeps) {
    this.partition = partition;
    this.#deps = deps;
    this.#positions = new Positions(partition, deps.options.database.sql, deps.pauses);
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
    const batches: PumpBatch[] = [];
    for (const position of group) {
      const { subscription } = position;
      const to = this.#positions.reachedBy(position, events.at(-1)?.offset ?? position.seen);
      const wanted = events.filter(
        ({ type }) => subscription.events.has(type) || unknown.get(type)?.has(subscription.name),
      );
      if (wanted.length > 0) await this.#positions.splitPausedApps(position);
      const own = this.#positions.eventsOf(position, wanted);
      if (own.length > 0) batches.push(this.#batchOf(position, own, to));
      else {
        position.seen = to;
        this.#flushLater();
      }
    }
    if (batches.length === 0) return;
    const count = batches.reduce((sum, batch) => sum + batch.events.length, 0);
    await this.#deps.slots.hold(count, async () => {
      const isolated = batches.filter(({ subscription }) => this.#isolated.has(subscription.name));
      await this.#handleTogether(batches.filter((batch) => !isolated.includes(batch)));
      for (const batch of isolated) await this.#handleTogether([batch]);
    });
  }

  /** Handles batches in one transaction. When it fails, each gets its own, and one that fails alone is divided. */
  async #handleTogether(batches: readonly PumpBatch[]): Promise<void> {
    if (batches.length === 0 || this.#mustStop) return;
    try {
      for (const result of await handleBatches(this.#deps.options, batches)) this.#advanceTo(result);
    } catch (error) {
      if (!this.#outages.mayDivide(error, batches)) throw error;
      const failed = error instanceof BatchFailure ? error.batch : undefined;
      for (const batch of batches) {
        if (batch === failed || batches.length === 1) await this.#divideBatch(batch, error);
        else await this.#handleTogether([batch]);
      }
    }
  }

  #advanceTo({ batch, reached, parkedApps }: BatchResult<PumpBatch>): void {
    Object.assign(batch.position, { stored: reached, seen: reached });
    this.#isolated.delete(batch.subscription.name);
    this.#outages.ended(batch);
    for (const appId of parkedApps) this.#deps.onParked(batch.subscription, appId);
  }

  /** After a failure in a batch: handles its events in smaller sets, and parks those that fail alone. */
  async #divideBatch(batch: PumpBatch, failure: unknown): Promise<void> {
    const { position, events, to } = batch;
    this.#isolated.add(position.subscription.name);
    try {
      position.seen = (await this.#divide(position, events, failure)) ? to : position.stored;
    } finally {
      this.#outages.ended(batch);
    }
    this.#flushLater();
  }

  /**
   * Divides events that failed together, handles the parts in order, and parks an event that fails alone.
   * @returns false if it ended before the last one, because the position was paused: the rest is read again later.
   */
  async #divide(position: Position, events: readonly Event[], failure: unknown): Promise<boolean> {
    const { before, culprit, after } = divide(events, failure);
    if (!(await this.#handlePart(position, before))) return false;
    // One that ran out of time is not attempted again at once: that would stall the partition once more.
    const isFinal = events.length === 1 || causeOf(failure) instanceof ListenerTimeoutError;
    if (culprit) {
      const goesOn = isFinal
        ? await this.#park(position, culprit, failure)
        : await this.#handlePart(position, [culprit]);
      if (!goesOn) return false;
    }
    return this.#handlePart(position, after);
  }

  /** Handles a part of a batch in transactions of its own, and divides it again if it fails. @returns as `#divide`. */
  async #handlePart(position: Position, part: readonly Event[]): Promise<boolean> {
    for (let events = part; events.length > 0; ) {
      if (this.#isPaused(position)) return false;
      if (this.#mustStop) throw new FencedError('the partition was released');
      const batch = this.#batchOf(position, events, events.at(-1)?.offset);
      try {
        const [result] = await handleBatches(this.#deps.options, [batch]);
        position.stored = result?.reached ?? batch.from;
        position.seen = position.stored;
        for (const appId of result?.parkedApps ?? []) this.#deps.onParked(position.subscription, appId);
      } catch (error) {
        if (!this.#outages.mayDividePart(error, batch)) throw error;
        return this.#divide(position, events, error);
      }
      events = events.filter(({ offset }) => offset > position.stored);
    }
    return true;
  }

  /**
   * Parks an event whose listener failed, or whose transaction did after the listener had returned.
   * @returns false if the position was paused instead.
   */
  async #park(position: Position, event: Event, thrown: unknown): Promise<boolean> {
    if (this.#isPaused(position)) return false;
    const { options } = this.#deps;
    const { subscription } = position;
    const cause = causeOf(thrown);
    const durationMs = thrown instanceof BatchFailure ? thrown.durationMs : 0;
    const stalled = cause instanceof ListenerTimeoutError && options.stallMs < limitOf(options, subscription);
    const failure = attemptFailure(cause, durationMs, options.nodeId);
    const retry = stalled ? stalledRetry : retryAfter(cause, options, subscription, 1);
    await options.database.sql.begin(async (sql) => {
      await parkFailed(sql, subscription.name, event, failure, retry);
      await moveCheckpoints(sql, [this.#batchOf(position, [], event.offset)]);
    });
    if (retry.retryInMs !== null || subscription.listener.onDeadLetter === 'hold') {
      this.#blocked.add(subscription.name, event.key);
    }
    options.observe.parked(subscription.name);
    if (!stalled) options.observe.failed(subscription.name);
    if (retry.retryInMs === null) options.observe.dead(subscription.name);
    options.log.warn(
      { listener: subscription.name, event: event.id, type: event.type, key: event.key, err: cause },
      stalled ? 'a slow event was parked to run separately' : 'a listener failed; the event was parked',
    );
    options.onMoved([event]);
    this.#deps.onParked(subscription, event.appId);
    Object.assign(position, { stored: event.offset, seen: event.offset });
    return true;
  }

  /** Unblocks keys that have no parked events left. Runs between batches, never concurrently with one. */
  async #reconcileKeys(): Promise<void> {
    for (const { subscription, appId } of await this.#blocked.check(this.#deps.options.database.sql)) {
      this.#deps.onParked(subscription, appId);
    }
  }

  /** Whether a position must not advance, or only once the apps that were paused have positions of their own. */
  #isPaused(position: Position): boolean {
    return !this.#positions.isActive(position) || this.#positions.hasPausedApps(position);
  }

  #batchOf(position: Position, events: readonly Event[] = [], to = position.stored): PumpBatch {
    const blockedKeys = this.#blocked.of(position.subscription.name);
    return { ...this.#positions.moveOf(position, to), position, events, blockedKeys };
  }
}

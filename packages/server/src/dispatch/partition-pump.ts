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
  moveCheckpoints,
} from './batch.ts';
import { BlockedKeys } from './blocked-keys.ts';
import { batchLimit, type DispatchOptions } from './dispatch-options.ts';
import { FencedError, isCausedByEvent, ListenerTimeoutError } from './errors.ts';
import { attemptFailure, retryAfter, stalledRetry } from './listener-retry.ts';
import { parkedHead, parkFailed } from './parking.ts';
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
  readonly isPaused: (subscription: string) => boolean;
  /** Called after an event was parked, to schedule its retry and enforce the limit of parked events. */
  readonly onParked: (subscription: Subscription, key: string) => void;
}

/** A subscription's position in the partition: `stored` in the database, `seen` in memory and possibly ahead. */
interface Position {
  stored: number;
  seen: number;
}

/**
 * Runs the listeners of one partition, one batch at a time, so that they can't deadlock with each other and each
 * handles the events of a key in order. Only the pump parks events and unblocks parked keys, so that the two can't
 * race.
 */
export class PartitionPump {
  readonly partition: number;
  readonly #deps: PumpDeps;
  readonly #positions = new Map<string, Position>();
  readonly #blocked = new BlockedKeys();
  readonly #keysToReconcile = new Map<string, { subscription: Subscription; key: string }>();
  readonly #loop = new WakeLoop(() => this.#handleAll());
  #isInLog = true;
  #isLoaded = false;
  #isFlushDue = false;
  #flushTimer: NodeJS.Timeout | undefined;
  /** Subscriptions that failed last time get transactions of their own until they succeed. */
  readonly #isolated = new Set<string>();

  constructor(partition: number, deps: PumpDeps) {
    this.partition = partition;
    this.#deps = deps;
  }

  /** Wakes the pump: this process's own commits are in memory, all other events in the log. */
  wake(where: 'memory' | 'log' = 'log'): void {
    if (where === 'log') this.#isInLog = true;
    this.#loop.wake();
  }

  /** Whether events up to this offset are not handled yet. */
  isBehind(offset: number): boolean {
    if (!this.#isLoaded) return true;
    return this.#active().some(({ name }) => (this.#positions.get(name)?.seen ?? 0) < offset);
  }

  /** Resolves when all events present at the time of the call are handled, or the pump has stopped. */
  async settled(): Promise<void> {
    this.#isFlushDue = true;
    this.#isInLog = true;
    await this.#loop.settled();
  }

  /** Requests a check whether a parked key can be unblocked. */
  reconcile(subscription: Subscription, key: string): void {
    this.#keysToReconcile.set(`${subscription.name} ${key}`, { subscription, key });
    this.wake();
  }

  /** Starts no further batch, and resolves when the current one has ended. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    clearTimeout(this.#flushTimer);
    if (!this.#isLoaded || !this.#deps.owns(this.partition)) return;
    await this.#flush().catch(() => {
      // The next owner reads those events once more and skips them again.
    });
  }

  /** Stores the positions that have advanced past events of other subscriptions. */
  async #flush(): Promise<void> {
    this.#isFlushDue = false;
    const batches: Batch[] = [];
    for (const subscription of this.#deps.subscriptions) {
      const position = this.#positions.get(subscription.name);
      if (!position || position.seen === position.stored) continue;
      batches.push(this.#batchOf(subscription, position.stored, [], position.seen));
    }
    if (batches.length === 0) return;
    await moveCheckpoints(this.#deps.options.database.sql, batches);
    for (const { subscription, to } of batches) this.#positionOf(subscription).stored = to;
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
        if (this.#keysToReconcile.size > 0) await this.#reconcileKeys();
      }
      if (this.#isFlushDue && this.#deps.owns(this.partition)) await this.#flush();
    } catch (error) {
      this.#logFailure(error);
      this.#isLoaded = false;
      this.#loop.wake();
      await delay(50 + Math.random() * 200);
    }
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
    const { positions, parked, head } = await this.#deps.progress.read(this.partition);
    this.#positions.clear();
    for (const [subscription, offset] of positions) {
      this.#positions.set(subscription, { stored: offset, seen: offset });
    }
    this.#blocked.replace(parked);
    this.#isLoaded = true;
    return head;
  }

  /** Runs one transaction for each group of subscriptions at the same position. @returns whether there were events. */
  async #handleNext(inLog: boolean): Promise<boolean> {
    const { options, tail } = this.#deps;
    const groups = new Map<number, Subscription[]>();
    for (const subscription of this.#active()) {
      const { seen } = this.#positionOf(subscription);
      groups.set(seen, [...(groups.get(seen) ?? []), subscription]);
    }
    let progress = false;
    for (const [after, group] of groups) {
      const position = { partition: this.partition, after };
      const events = await tail.read(options.database.sql, position, batchLimit, inLog);
      if (events.length === 0) continue;
      progress = true;
      if (this.#mustStop) return false;
      await this.#advance(group, events);
    }
    return progress;
  }

  async #advance(group: readonly Subscription[], events: readonly Event[]): Promise<void> {
    const unknown = await subscribersOfUnknown(this.#deps.options.database.sql, events);
    const batches: Batch[] = [];
    for (const subscription of group) {
      const position = this.#positionOf(subscription);
      const to = events.at(-1)?.offset ?? position.seen;
      const own = events.filter(
        ({ type }) => subscription.events.has(type) || unknown.get(type)?.has(subscription.name),
      );
      if (own.length > 0) batches.push(this.#batchOf(subscription, position.stored, own, to));
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
  async #handleTogether(batches: readonly Batch[]): Promise<void> {
    if (batches.length === 0 || this.#mustStop) return;
    try {
      for (const result of await handleBatches(this.#deps.options, batches)) this.#advanceTo(result);
    } catch (error) {
      if (!isCausedByEvent(error)) throw error;
      const failed = error instanceof BatchFailure ? error.batch : undefined;
      for (const batch of batches) {
        if (batch === failed || batches.length === 1) await this.#divideBatch(batch, error);
        else await this.#handleTogether([batch]);
      }
    }
  }

  #advanceTo({ batch: { subscription }, reached, parkedKey }: BatchResult): void {
    Object.assign(this.#positionOf(subscription), { stored: reached, seen: reached });
    this.#isolated.delete(subscription.name);
    if (parkedKey !== undefined) this.#deps.onParked(subscription, parkedKey);
  }

  /** After a failure in a batch: handles its events in smaller sets, and parks those that fail alone. */
  async #divideBatch({ subscription, events, to }: Batch, failure: unknown): Promise<void> {
    this.#isolated.add(subscription.name);
    const position = this.#positionOf(subscription);
    await this.#divide(subscription, events, failure);
    if (this.#deps.isPaused(subscription.name)) position.seen = position.stored;
    else position.seen = to;
    this.#flushLater();
  }

  /** Divides events that failed together, handles the parts in order, and parks an event that fails alone. */
  async #divide(subscription: Subscription, events: readonly Event[], failure: unknown): Promise<void> {
    const { before, culprit, after } = divide(events, failure);
    await this.#handlePart(subscription, before);
    // One that ran out of time is not attempted again at once: that would stall the partition once more.
    const isFinal = events.length === 1 || causeOf(failure) instanceof ListenerTimeoutError;
    if (culprit && isFinal) await this.#park(subscription, culprit, failure);
    else if (culprit) await this.#handlePart(subscription, [culprit]);
    await this.#handlePart(subscription, after);
  }

  /** Handles a part of a batch in transactions of its own, and divides it again if it fails. */
  async #handlePart(subscription: Subscription, part: readonly Event[]): Promise<void> {
    const { options, isPaused } = this.#deps;
    const position = this.#positionOf(subscription);
    for (let events = part; events.length > 0 && !isPaused(subscription.name); ) {
      if (this.#mustStop) throw new FencedError('the partition was released');
      const batch = this.#batchOf(subscription, position.stored, events, events.at(-1)?.offset);
      try {
        const [result] = await handleBatches(options, [batch]);
        position.stored = result?.reached ?? batch.from;
        position.seen = position.stored;
        if (result?.parkedKey !== undefined) this.#deps.onParked(subscription, result.parkedKey);
      } catch (error) {
        if (!isCausedByEvent(error)) throw error;
        await this.#divide(subscription, events, error);
        return;
      }
      events = events.filter(({ offset }) => offset > position.stored);
    }
  }

  /** Parks an event whose listener failed, or whose transaction did after the listener had returned. */
  async #park(subscription: Subscription, event: Event, thrown: unknown): Promise<void> {
    const { options, isPaused } = this.#deps;
    if (isPaused(subscription.name)) return;
    const position = this.#positionOf(subscription);
    const cause = causeOf(thrown);
    const durationMs = thrown instanceof BatchFailure ? thrown.durationMs : 0;
    const stalled = cause instanceof ListenerTimeoutError && options.stallMs < limitOf(options, subscription);
    const failure = attemptFailure(cause, durationMs, options.nodeId);
    const retry = stalled ? stalledRetry : retryAfter(cause, options, subscription, 1);
    await options.database.sql.begin(async (sql) => {
      await parkFailed(sql, subscription.name, event, failure, retry);
      await moveCheckpoints(sql, [this.#batchOf(subscription, position.stored, [], event.offset)]);
    });
    if (retry.retryInMs !== null || subscription.listener.afterDeath === 'hold') {
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
    this.#deps.onParked(subscription, event.key);
    Object.assign(position, { stored: event.offset, seen: event.offset });
  }

  /** Unblocks keys that have no parked events left. Runs between batches, never concurrently with one. */
  async #reconcileKeys(): Promise<void> {
    for (const [id, { subscription, key }] of [...this.#keysToReconcile]) {
      this.#keysToReconcile.delete(id);
      const holds = subscription.listener.afterDeath === 'hold';
      const head = await parkedHead(this.#deps.options.database.sql, subscription.name, key, holds);
      if (!head) this.#blocked.delete(subscription.name, key);
      else {
        this.#blocked.add(subscription.name, key);
        if (head.status === 'waiting') this.#deps.onParked(subscription, key);
      }
    }
  }

  #batchOf(subscription: Subscription, from: number, events: readonly Event[] = [], to = from): Batch {
    const blockedKeys = this.#blocked.of(subscription.name);
    return { subscription, partition: this.partition, events, from, to, blockedKeys };
  }

  #active(): readonly Subscription[] {
    return this.#deps.subscriptions.filter((one) => !this.#deps.isPaused(one.name));
  }

  #positionOf(subscription: Subscription): Position {
    const position = this.#positions.get(subscription.name);
    if (!position) throw new Error(`${subscription.name} has no checkpoint in partition ${this.partition}`);
    return position;
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import type { Event } from '@mevrik/protocol';
import type { Tail } from '../log/tail.ts';
import {
  type Batch,
  BatchFailure,
  type BatchResult,
  handleBatches,
  limitOf,
  moveCheckpoints,
} from './batch.ts';
import { batchLimit, type DispatchOptions } from './dispatch-options.ts';
import { describeError, FencedError, isInfrastructureFault, ListenerTimeoutError } from './faults.ts';
import { listenerRetryMs } from './listener-retry.ts';
import { parkedHead, parkedHeads, parkFailed } from './parking.ts';
import type { Slots } from './slots.ts';
import type { Subscription } from './subscription.ts';

/** How long a place may be ahead of its checkpoint over events that are not its subscription's. */
const flushDelayMs = 1_000;

/** What a pump shares with the others of its node. */
export interface PumpDeps {
  readonly options: DispatchOptions;
  readonly subscriptions: readonly Subscription[];
  readonly tail: Tail;
  readonly slots: Slots;
  /** Whether this node still holds the partition's lock. */
  readonly owns: (partition: number) => boolean;
  readonly isPaused: (subscription: string) => boolean;
  /** Told when an event was parked, so that its retry is planned and the cap is watched. */
  readonly onParked: (subscription: Subscription, key: string) => void;
}

/** A subscription's place in the partition. `stored` is in the database, `seen` may be ahead of it. */
interface Place {
  stored: number;
  seen: number;
}

/**
 * Drives the transactional listeners of one partition, one batch at a time: that is why they can't deadlock
 * with each other, and why each sees the events of a key in order. It is the only one that parks events and
 * the only one that lets a key go on after it was parked, so that the two can't cross.
 */
export class PartitionPump {
  readonly partition: number;
  readonly #with: PumpDeps;
  readonly #positions = new Map<string, Place>();
  readonly #blocked = new Map<string, Set<string>>();
  readonly #toReconcile = new Map<string, { subscription: Subscription; key: string }>();
  #run: Promise<void> | undefined;
  #woken = false;
  #inLog = true;
  #loaded = false;
  #stopped = false;
  #isFlushDue = false;
  #flushTimer: NodeJS.Timeout | undefined;
  /** Subscriptions that failed last time: they do not hold up the others' transaction until they succeed. */
  readonly #apart = new Set<string>();

  constructor(partition: number, surroundings: PumpDeps) {
    this.partition = partition;
    this.#with = surroundings;
  }

  /** Says that there may be something to do: what this process committed itself is in memory, all else in the log. */
  wake(where: 'memory' | 'log' = 'log'): void {
    this.#woken = true;
    if (where === 'log') this.#inLog = true;
    if (this.#run || this.#stopped) return;
    this.#run = this.#loop().finally(() => {
      this.#run = undefined;
      if (this.#woken && !this.#stopped) this.wake();
    });
  }

  /** Resolves when all that was there to do at the time of the call is done, or the pump is stopped. */
  async settled(): Promise<void> {
    this.#isFlushDue = true;
    this.wake();
    while (this.#run) await this.#run;
  }

  /** Asks, from outside, to look whether a parked key may go on. */
  reconcile(subscription: Subscription, key: string): void {
    this.#toReconcile.set(`${subscription.name} ${key}`, { subscription, key });
    this.wake();
  }

  /** Begins no further batch, and resolves when the one under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#flushTimer);
    await this.#run;
    if (this.#loaded && this.#with.owns(this.partition)) await this.#flush().catch(() => {});
  }

  /** Writes down the places that have moved over events which are not their subscriptions'. */
  async #flush(): Promise<void> {
    this.#isFlushDue = false;
    const batches: Batch[] = [];
    for (const subscription of this.#with.subscriptions) {
      const place = this.#positions.get(subscription.name);
      if (!place || place.seen === place.stored) continue;
      batches.push(this.#batchOf(subscription, place.stored, [], place.seen));
    }
    if (batches.length === 0) return;
    await moveCheckpoints(this.#with.options.database.sql, batches);
    for (const { subscription, to } of batches) this.#placeOf(subscription).stored = to;
  }

  /** In a while, and between batches: nobody waits for it, and it is one statement for many events. */
  #flushLater(): void {
    this.#flushTimer ??= setTimeout(() => {
      this.#flushTimer = undefined;
      this.#isFlushDue = true;
      this.wake('memory');
    }, flushDelayMs);
  }

  async #loop(): Promise<void> {
    const { options, owns } = this.#with;
    while (this.#woken && !this.#stopped && owns(this.partition)) {
      const inLog = this.#inLog || !this.#loaded;
      this.#woken = false;
      this.#inLog = false;
      try {
        if (!this.#loaded) await this.#load();
        await this.#reconcileKeys();
        while ((await this.#pass(inLog)) && !this.#stopped && owns(this.partition)) {
          if (this.#toReconcile.size > 0) await this.#reconcileKeys();
        }
        if (this.#isFlushDue && owns(this.partition)) await this.#flush();
      } catch (error) {
        this.#loaded = false;
        this.#woken = true;
        if (error instanceof FencedError) {
          options.log.warn(
            { partition: this.partition, reason: error.message },
            'another node moved on; reloading',
          );
        } else {
          const detail = { partition: this.partition, error: describeError(error) };
          options.log.error(detail, 'a partition could not be read or handled; it is tried again');
        }
        await delay(50 + Math.random() * 200);
      }
    }
  }

  async #load(): Promise<void> {
    const { options, subscriptions } = this.#with;
    const sql = options.database.sql;
    const holding = subscriptions.filter((one) => one.listener.afterDeath === 'hold').map((one) => one.name);
    const [positions, heads] = await Promise.all([
      sql<{ subscription: string; offset: number }[]>`
        SELECT subscription, "offset" FROM checkpoints WHERE partition = ${this.partition}`,
      parkedHeads(sql, [this.partition], holding),
    ]);
    this.#positions.clear();
    for (const { subscription, offset } of positions) {
      this.#positions.set(subscription, { stored: offset, seen: offset });
    }
    this.#blocked.clear();
    for (const head of heads) this.#block(head.subscription, head.key);
    this.#loaded = true;
  }

  /** One transaction for each group of subscriptions that stand at the same place; false when nothing was there. */
  async #pass(inLog: boolean): Promise<boolean> {
    const { options, tail, owns } = this.#with;
    const groups = new Map<number, Subscription[]>();
    for (const subscription of this.#active()) {
      const { seen } = this.#placeOf(subscription);
      groups.set(seen, [...(groups.get(seen) ?? []), subscription]);
    }
    let progress = false;
    for (const [after, group] of groups) {
      const place = { partition: this.partition, after };
      const events = await tail.read(options.database.sql, place, batchLimit, inLog);
      if (events.length === 0) continue;
      progress = true;
      if (this.#stopped || !owns(this.partition)) return false;
      await this.#advance(group, events);
    }
    return progress;
  }

  async #advance(group: readonly Subscription[], events: readonly Event[]): Promise<void> {
    const batches: Batch[] = [];
    for (const subscription of group) {
      const place = this.#placeOf(subscription);
      const to = events.at(-1)?.offset ?? place.seen;
      const own = events.filter((event) => subscription.events.has(event.type));
      if (own.length > 0) batches.push(this.#batchOf(subscription, place.stored, own, to));
      else {
        place.seen = to;
        this.#flushLater();
      }
    }
    if (batches.length === 0) return;
    const count = batches.reduce((sum, batch) => sum + batch.events.length, 0);
    await this.#with.slots.hold(count, async () => {
      const apart = batches.filter(({ subscription }) => this.#apart.has(subscription.name));
      await this.#together(batches.filter((batch) => !apart.includes(batch)));
      for (const batch of apart) await this.#together([batch]);
    });
  }

  /** Batches in one transaction. When one fails, each of the others gets a transaction of its own. */
  async #together(batches: readonly Batch[]): Promise<void> {
    if (batches.length === 0 || this.#stopped || !this.#with.owns(this.partition)) return;
    try {
      for (const result of await handleBatches(this.#with.options, batches)) this.#arrived(result);
    } catch (error) {
      if (!(error instanceof BatchFailure) || isInfrastructureFault(error.cause)) throw error;
      this.#apart.add(error.batch.subscription.name);
      for (const batch of batches) {
        if (batch === error.batch) await this.#oneByOne(batch, error);
        else await this.#together([batch]);
      }
    }
  }

  #arrived({ batch: { subscription }, reached, parkedKey }: BatchResult): void {
    const place = this.#placeOf(subscription);
    place.stored = reached;
    place.seen = reached;
    this.#apart.delete(subscription.name);
    if (parkedKey !== undefined) this.#with.onParked(subscription, parkedKey);
  }

  /** After a failure in a batch: each event in a transaction of its own, and those that fail are parked. */
  async #oneByOne({ subscription, events, to }: Batch, inBatch: BatchFailure): Promise<void> {
    const { options, isPaused, owns } = this.#with;
    const place = this.#placeOf(subscription);
    for (const event of events) {
      if (this.#stopped || !owns(this.partition)) throw new FencedError('the partition was given up');
      if (isPaused(subscription.name)) {
        place.seen = place.stored;
        return;
      }
      let failure: BatchFailure | undefined;
      if (event === inBatch.event && inBatch.cause instanceof ListenerTimeoutError) {
        failure = inBatch; // it would only hold up the partition a second time
      } else {
        const batch = this.#batchOf(subscription, place.stored, [event], event.offset);
        await handleBatches(options, [batch]).catch((error) => {
          if (!(error instanceof BatchFailure) || isInfrastructureFault(error.cause)) throw error;
          failure = error;
        });
      }
      if (failure) await this.#park(subscription, place, failure);
      place.stored = event.offset;
      place.seen = event.offset;
    }
    place.seen = to;
    this.#flushLater();
  }

  async #park(subscription: Subscription, place: Place, failure: BatchFailure): Promise<void> {
    const { options } = this.#with;
    const { event, cause, durationMs } = failure;
    const stalled = cause instanceof ListenerTimeoutError && options.stallMs < limitOf(options, subscription);
    const retries = subscription.listener.retries ?? options.retries;
    const record = {
      at: new Date(Date.now() - durationMs).toISOString(),
      error: describeError(cause),
      durationMs: Math.round(durationMs),
      node: options.nodeId,
    };
    const retryInMs = stalled ? 0 : retries === 0 ? null : listenerRetryMs(options.retryDelayMs, 1);
    await options.database.sql.begin(async (sql) => {
      await parkFailed(sql, subscription.name, event, stalled ? null : record, retryInMs);
      await moveCheckpoints(sql, [this.#batchOf(subscription, place.stored, [], event.offset)]);
    });
    if (retryInMs !== null || subscription.listener.afterDeath === 'hold') {
      this.#block(subscription.name, event.key);
    }
    options.observe.parked(subscription.name);
    if (!stalled) options.observe.failed(subscription.name);
    if (retryInMs === null) options.observe.dead(subscription.name);
    options.log.warn(
      { listener: subscription.name, event: event.id, type: event.type, key: event.key, error: record.error },
      stalled ? 'an event is slow and stepped aside' : 'a listener failed; the event is parked',
    );
    options.onMoved([event]);
    this.#with.onParked(subscription, event.key);
  }

  /** Lets keys go on whose parked events are all dealt with; done between batches, never beside one. */
  async #reconcileKeys(): Promise<void> {
    for (const [id, { subscription, key }] of [...this.#toReconcile]) {
      this.#toReconcile.delete(id);
      const holds = subscription.listener.afterDeath === 'hold';
      const head = await parkedHead(this.#with.options.database.sql, subscription.name, key, holds);
      if (!head) this.#blocked.get(subscription.name)?.delete(key);
      else {
        this.#block(subscription.name, key);
        if (head.status === 'waiting') this.#with.onParked(subscription, key);
      }
    }
  }

  #block(subscription: string, key: string): void {
    const keys = this.#blocked.get(subscription) ?? new Set<string>();
    this.#blocked.set(subscription, keys.add(key));
  }

  #batchOf(subscription: Subscription, from: number, events: readonly Event[] = [], to = from): Batch {
    const blockedKeys = this.#blocked.get(subscription.name) ?? new Set<string>();
    return { subscription, partition: this.partition, events, from, to, blockedKeys };
  }

  #active(): readonly Subscription[] {
    return this.#with.subscriptions.filter((one) => !this.#with.isPaused(one.name));
  }

  #placeOf(subscription: Subscription): Place {
    const place = this.#positions.get(subscription.name);
    if (!place) throw new Error(`${subscription.name} has no checkpoint in partition ${this.partition}`);
    return place;
  }
}

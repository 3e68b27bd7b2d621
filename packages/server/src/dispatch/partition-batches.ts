import type { Event } from '@mevrik/protocol';
import {
  type Batch,
  BatchFailure,
  type BatchResult,
  causeOf,
  divide,
  handleBatches,
  limitOf,
} from './batch.ts';
import type { BlockedKeys } from './blocked-keys.ts';
import { moveCheckpoints } from './checkpoints.ts';
import type { DispatchOptions } from './dispatch-options.ts';
import { FencedError, ListenerTimeoutError, ProcessEndedError } from './errors.ts';
import { attemptFailure, retryAfter, stalledRetry } from './listener-retry.ts';
import { Outages } from './outages.ts';
import { parkFailed } from './parking.ts';
import type { Position, Positions } from './positions.ts';
import type { Subscription } from './subscription.ts';
import { recordAttempt, recordAttemptEnd, type Suspects } from './suspects.ts';

/** A batch, and the position that advances with it. */
export interface PositionBatch extends Batch {
  readonly position: Position;
}

/** The dependencies of the batches of a partition. */
export interface PartitionBatchesDeps {
  readonly options: DispatchOptions;
  readonly partition: number;
  readonly positions: Positions;
  readonly blocked: BlockedKeys;
  /** Whether nothing further may be handled here: the partition was released. */
  readonly mustStop: () => boolean;
  /** Called after events of an app were parked, to schedule retries and enforce the limit of parked events. */
  readonly onParked: (subscription: Subscription, appId: number) => void;
}

/**
 * Handles the batches of one partition, and parks events that fail: a batch that fails is handled apart from the others,
 * and divided until the event that fails is alone.
 */
export class PartitionBatches {
  readonly #deps: PartitionBatchesDeps;
  /** Subscriptions that failed last time get transactions of their own until they succeed. */
  readonly #isolated = new Set<string>();
  readonly #outages = new Outages();

  constructor(deps: PartitionBatchesDeps) {
    this.#deps = deps;
  }

  /** The batch of a position: events, and where it is once they are handled. */
  of(position: Position, events: readonly Event[] = [], to = position.stored): PositionBatch {
    const blockedKeys = this.#deps.blocked.of(position.subscription.name);
    return { ...this.#deps.positions.moveOf(position, to), position, events, blockedKeys };
  }

  /** Handles batches, as many as possible in one transaction. @throws what another node or the database causes. */
  async handle(batches: readonly PositionBatch[]): Promise<void> {
    const isolated = batches.filter(({ subscription }) => this.#isolated.has(subscription.name));
    await this.#handleTogether(batches.filter((batch) => !isolated.includes(batch)));
    for (const batch of isolated) await this.#handleTogether([batch]);
  }

  /**
   * Handles a batch after processes that did so ended unexpectedly: events one by one, each attempt recorded, and those
   * parked that were attempted when a process ended.
   */
  async handleWatched(batch: PositionBatch, suspects: Suspects): Promise<void> {
    const { position, events, to } = batch;
    const { options, partition, mustStop } = this.#deps;
    const subscription = position.subscription.name;
    for (const event of events) {
      if (mustStop()) return;
      const at = { partition, subscription, offset: event.offset };
      if (suspects.events.some((one) => one.subscription === subscription && one.offset === event.offset)) {
        await this.#park(position, event, new ProcessEndedError());
      } else {
        await recordAttempt(options.database.sql, options.nodeId, at);
        await this.handle([this.of(position, [event], event.offset)]);
        await recordAttemptEnd(options.database.sql, options.nodeId, at);
      }
      if (position.stored < event.offset) return;
    }
    position.seen = to;
  }

  /** Handles batches in one transaction. When it fails, each gets its own, and one that fails alone is divided. */
  async #handleTogether(batches: readonly PositionBatch[]): Promise<void> {
    if (batches.length === 0 || this.#deps.mustStop()) return;
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

  #advanceTo({ batch, reached, parkedApps }: BatchResult<PositionBatch>): void {
    Object.assign(batch.position, { stored: reached, seen: reached });
    this.#isolated.delete(batch.subscription.name);
    this.#outages.ended(batch);
    for (const appId of parkedApps) this.#deps.onParked(batch.subscription, appId);
  }

  /** After a failure in a batch: handles its events in smaller sets, and parks those that fail alone. */
  async #divideBatch(batch: PositionBatch, failure: unknown): Promise<void> {
    const { position, events, to } = batch;
    this.#isolated.add(position.subscription.name);
    try {
      position.seen = (await this.#divide(position, events, failure)) ? to : position.stored;
    } finally {
      this.#outages.ended(batch);
    }
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
      if (this.#deps.mustStop()) throw new FencedError('the partition was released');
      const batch = this.of(position, events, events.at(-1)?.offset);
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
    const { options, blocked, onParked } = this.#deps;
    const { subscription } = position;
    const cause = causeOf(thrown);
    const durationMs = thrown instanceof BatchFailure ? thrown.durationMs : 0;
    const stalled = cause instanceof ListenerTimeoutError && options.stallMs < limitOf(options, subscription);
    const failure = attemptFailure(cause, durationMs, options.nodeId);
    const retry = stalled ? stalledRetry : retryAfter(cause, options, subscription, 1);
    await options.database.sql.begin(async (sql) => {
      await parkFailed(sql, subscription.name, event, failure, retry);
      await moveCheckpoints(sql, [this.of(position, [], event.offset)]);
    });
    if (retry.retryInMs !== null || subscription.listener.onDeadLetter === 'hold') {
      blocked.add(subscription.name, event.key);
    }
    options.observe.parked(subscription.name);
    if (!stalled) options.observe.failed(subscription.name);
    if (retry.retryInMs === null) options.observe.dead(subscription.name);
    options.log.warn(
      { listener: subscription.name, event: event.id, type: event.type, key: event.key, err: cause },
      stalled ? 'a slow event was parked to run separately' : 'a listener failed; the event was parked',
    );
    options.onMoved([event]);
    onParked(subscription, event.appId);
    Object.assign(position, { stored: event.offset, seen: event.offset });
    return true;
  }

  /** Whether a position must not advance, or only once the apps that were paused have positions of their own. */
  #isPaused(position: Position): boolean {
    const { positions } = this.#deps;
    return !positions.isActive(position) || positions.hasPausedApps(position);
  }
}

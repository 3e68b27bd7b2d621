import { attempt } from '../attempt.ts';
import type { DispatchOptions } from '../dispatch-options.ts';
import { KeyRuns } from '../key-runs.ts';
import type { Subscription } from '../subscription.ts';
import { WakeLoop } from '../wake-loop.ts';
import {
  failEntry,
  finishEntry,
  type ReplayHead,
  recordOutcome,
  replayHead,
  replayHeads,
} from './replay-entries.ts';

/** The dependencies of replay runs. */
export interface ReplayRunDeps {
  readonly options: DispatchOptions;
  readonly subscriptions: readonly Subscription[];
  readonly ownedPartitions: () => readonly number[];
}

/** Keys replayed at the same time on this node: few, since live events go first. */
const concurrentKeys = 2;

/**
 * Runs replays alongside live events. The events of a key are handled one after another, each in one transaction that
 * also marks its entry, so that a second node that does the same finds it marked.
 */
export class ReplayRuns {
  readonly #deps: ReplayRunDeps;
  readonly #runs = new KeyRuns(concurrentKeys);
  /** For events that may end the process: one at a time shows which one it is. */
  readonly #suspected = new KeyRuns(1);
  readonly #loop = new WakeLoop(() => this.#startDue());

  constructor(deps: ReplayRunDeps) {
    this.#deps = deps;
  }

  /** Starts entries that are due. */
  poll(): void {
    this.#loop.wake();
  }

  /** Starts no further event, and resolves when the running ones have ended. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    await Promise.all([this.#runs.ended(), this.#suspected.ended()]);
  }

  async #startDue(): Promise<void> {
    const { options, subscriptions, ownedPartitions } = this.#deps;
    const names = subscriptions.map(({ name }) => name);
    try {
      for (const head of await replayHeads(options.database.sql, ownedPartitions(), names, 1_000)) {
        if (this.#loop.isStopped || (this.#runs.isFull && this.#suspected.isFull)) return;
        const subscription = subscriptions.find((one) => one.name === head.subscription);
        const runs = this.#runsOf(head);
        if (!head.due || head.is_pending || !subscription || !runs.hasRoomFor([head.subscription])) continue;
        runs.start(`${head.subscription} ${head.key}`, [head.subscription], () =>
          this.#startKey(subscription, head),
        );
      }
    } catch (error) {
      options.log.warn({ err: error }, 'failed to read replays');
    }
  }

  #runsOf({ ends }: ReplayHead): KeyRuns {
    return ends > 0 ? this.#suspected : this.#runs;
  }

  /** @returns what to do once the key can be started again: after a failure it waits for the next poll. */
  async #startKey(subscription: Subscription, first: ReplayHead): Promise<(() => void) | undefined> {
    try {
      await this.#runKey(subscription, first);
      return () => this.poll();
    } catch (error) {
      this.#deps.options.log.error({ err: error }, 'a replay failed unexpectedly');
      return undefined;
    }
  }

  async #runKey(subscription: Subscription, first: ReplayHead): Promise<void> {
    const { options, ownedPartitions } = this.#deps;
    let head: ReplayHead | undefined = first;
    while (
      head?.due &&
      !head.is_pending &&
      this.#runsOf(head) === this.#runsOf(first) &&
      !this.#loop.isStopped
    ) {
      if (!ownedPartitions().includes(head.partition)) return;
      await this.#run(subscription, head);
      head = await replayHead(options.database.sql, first);
    }
  }

  #run(subscription: Subscription, head: ReplayHead): Promise<void> {
    const { options } = this.#deps;
    return attempt(options, subscription, head, {
      claim: (sql) => finishEntry(sql, head),
      succeed: (sql, outcome) => recordOutcome(sql, head, outcome),
      fail: (failure, retry) => failEntry(options.database, head, failure, retry),
      logAs: { replay: head.replay_id, offset: head.offset },
    });
  }
}

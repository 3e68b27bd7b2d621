import { attempt } from '../attempt.ts';
import type { DispatchOptions } from '../dispatch-options.ts';
import { describeError } from '../faults.ts';
import type { Subscription } from '../subscription.ts';
import {
  failEntry,
  finishEntry,
  noteOutcome,
  type ReplayHead,
  replayHead,
  replayHeads,
} from './replay-entries.ts';

/** What the replays share with the dispatcher. */
export interface ReplayRunDeps {
  readonly options: DispatchOptions;
  readonly subscriptions: readonly Subscription[];
  readonly ownedPartitions: () => readonly number[];
  readonly isPaused: (subscription: string) => boolean;
}

/** Keys replayed at the same time on this node: few, since live events go first. */
const concurrentKeys = 2;

/**
 * Runs what people have asked to be run again, beside the live events. The events of a key are handled one after
 * another, each in one transaction that also marks its entry: a second node doing the same finds it marked.
 */
export class ReplayRuns {
  readonly #with: ReplayRunDeps;
  readonly #running = new Map<string, Promise<void>>();
  #stopped = false;
  #looking: Promise<void> | undefined;

  constructor(surroundings: ReplayRunDeps) {
    this.#with = surroundings;
  }

  /** Looks for what is due; a look that is under way is enough. */
  look(): void {
    if (this.#looking || this.#stopped) return;
    this.#looking = this.#look()
      .catch((error) =>
        this.#with.options.log.warn({ error: describeError(error) }, 'replays could not be read'),
      )
      .finally(() => {
        this.#looking = undefined;
      });
  }

  /** Begins no further event, and resolves when those under way have ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#looking;
    await Promise.allSettled(this.#running.values());
  }

  async #look(): Promise<void> {
    const { options, subscriptions, ownedPartitions } = this.#with;
    const active = subscriptions.filter((one) => !this.#with.isPaused(one.name));
    for (const head of await replayHeads(options.database.sql, ownedPartitions(), 1_000)) {
      if (this.#stopped || this.#running.size >= concurrentKeys) return;
      const subscription = active.find((one) => one.name === head.subscription);
      const id = `${head.subscription} ${head.key}`;
      if (!head.due || !subscription || this.#running.has(id)) continue;
      const running = this.#runKey(subscription, head)
        .then(() => true)
        .catch((error) => {
          options.log.error({ error: describeError(error) }, 'a replay could not go on');
          return false; // the next poll looks again: not at once, over and over
        })
        .then((wentWell) => {
          this.#running.delete(id);
          if (wentWell) this.look();
        });
      this.#running.set(id, running);
    }
  }

  async #runKey(subscription: Subscription, first: ReplayHead): Promise<void> {
    const { options, ownedPartitions, isPaused } = this.#with;
    let head: ReplayHead | undefined = first;
    while (head?.due && !this.#stopped && !isPaused(subscription.name)) {
      if (!ownedPartitions().includes(head.partition)) return;
      await this.#run(subscription, head);
      head = await replayHead(options.database.sql, first);
    }
  }

  #run(subscription: Subscription, head: ReplayHead): Promise<void> {
    const { options } = this.#with;
    return attempt(options, subscription, head, {
      take: (sql) => finishEntry(sql, head),
      succeed: (sql, outcome) => noteOutcome(sql, head, outcome),
      fail: (failure, retryInMs) => failEntry(options.database, head, failure, retryInMs),
      logAs: { replay: head.replay_id, offset: head.offset },
    });
  }
}

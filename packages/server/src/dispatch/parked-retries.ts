import { attempt } from './attempt.ts';
import { handledRecord } from './batch.ts';
import type { DispatchOptions } from './dispatch-options.ts';
import { describeError } from './faults.ts';
import { type ParkedHead, parkedHead, parkedHeads, recordFailure, takeParked } from './parking.ts';
import { mendEntry } from './replay/replay-entries.ts';
import type { Subscription } from './subscription.ts';

/** What the retries share with the dispatcher. */
export interface RetryDeps {
  readonly options: DispatchOptions;
  readonly subscriptions: readonly Subscription[];
  readonly ownedPartitions: () => readonly number[];
  /** Told when a key's parked events are dealt with, as far as can be seen from here. */
  readonly onCleared: (subscription: Subscription, partition: number, key: string) => void;
}

/** Keys retried at the same time on this node; each takes a connection. */
const concurrentKeys = 4;

/**
 * Retries parked events, beside the partition pumps: so a hanging listener holds up nobody but its own key.
 * A key's events are retried in order, each in one transaction that also takes it away from the parked ones;
 * a second node doing the same finds it gone and rolls back.
 */
export class ParkedRetries {
  readonly #with: RetryDeps;
  readonly #running = new Map<string, Promise<void>>();
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #lookAgain = false;

  constructor(surroundings: RetryDeps) {
    this.#with = surroundings;
  }

  /** Looks for what is due, now, and again as soon as something was parked or a retry's time has come. */
  look(): void {
    this.#lookAgain = true;
    if (this.#looking || this.#stopped) return;
    this.#looking = true;
    void this.#look().finally(() => {
      this.#looking = false;
      if (this.#lookAgain) this.look();
    });
  }

  /** Looks after so many milliseconds. */
  lookIn(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.look(), delayMs);
  }

  /** Begins no further retry, and resolves when those under way have ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await Promise.allSettled(this.#running.values());
  }

  async #look(): Promise<void> {
    const { options, subscriptions, ownedPartitions } = this.#with;
    this.#lookAgain = false;
    const holding = subscriptions.filter((one) => one.listener.afterDeath === 'hold').map((one) => one.name);
    try {
      for (const head of await parkedHeads(options.database.sql, ownedPartitions(), holding)) {
        if (!head.due || head.status !== 'waiting' || this.#stopped) continue;
        if (this.#running.size >= concurrentKeys) break;
        const subscription = subscriptions.find((one) => one.name === head.subscription);
        const id = `${head.subscription} ${head.key}`;
        if (!subscription || this.#running.has(id)) continue;
        const running = this.#retryKey(subscription, head)
          .catch((error) => options.log.error({ error: describeError(error) }, 'a retry could not be made'))
          .finally(() => {
            this.#running.delete(id);
            this.look();
          });
        this.#running.set(id, running);
      }
    } catch (error) {
      options.log.warn({ error: describeError(error) }, 'parked events could not be read');
    }
  }

  async #retryKey(subscription: Subscription, first: ParkedHead): Promise<void> {
    const { options, ownedPartitions, onCleared } = this.#with;
    const sql = options.database.sql;
    const holds = subscription.listener.afterDeath === 'hold';
    let head: ParkedHead | undefined = first;
    while (head?.due && head.status === 'waiting' && !this.#stopped) {
      if (!ownedPartitions().includes(head.partition)) return;
      await this.#retry(subscription, head);
      head = await parkedHead(sql, subscription.name, first.key, holds);
    }
    if (!head) onCleared(subscription, first.partition, first.key);
    else this.lookIn(options.retryDelayMs);
  }

  #retry(subscription: Subscription, head: ParkedHead): Promise<void> {
    const { options } = this.#with;
    const { partition, offset, attempts, failures, replay_id } = head;
    return attempt(options, subscription, head, {
      take: (sql) => takeParked(sql, head),
      succeed: async (sql, outcome, startedAt) => {
        if (replay_id !== null) return mendEntry(sql, { ...head, replay_id }, outcome);
        const retry = { attempt: attempts + 1, failures };
        const handling = { subscription, partition, outcomes: [outcome], startedAt, finishedAt: new Date() };
        await handledRecord(sql, options.nodeId, [{ ...handling, retry }]);
      },
      fail: (failure, retryInMs) => recordFailure(options.database.sql, head, failure, retryInMs),
      editedData: head.edited_data,
      logAs: { offset },
    });
  }
}

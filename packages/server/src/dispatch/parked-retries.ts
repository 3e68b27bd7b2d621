import { attempt } from './attempt.ts';
import { handledRecord } from './batch.ts';
import type { DispatchOptions } from './dispatch-options.ts';
import { KeyRuns } from './key-runs.ts';
import { claimParked, type ParkedHead, parkedHead, parkedHeads, recordFailure } from './parking.ts';
import { resolveEntry } from './replay/replay-entries.ts';
import type { Subscription } from './subscription.ts';
import { WakeLoop } from './wake-loop.ts';

/** The dependencies of the retries. */
export interface RetryDeps {
  readonly options: DispatchOptions;
  readonly subscriptions: readonly Subscription[];
  readonly ownedPartitions: () => readonly number[];
  /** Called when a key appears to have no parked events left. */
  readonly onCleared: (subscription: Subscription, partition: number, key: string) => void;
}

/** Keys retried at the same time on this node; each takes a connection. */
const concurrentKeys = 4;

/**
 * Retries parked events outside the partition pumps, so that a hanging listener delays only its own key. A key's
 * events are retried in order, each in one transaction that also deletes the parked row; a second node that does the
 * same finds it gone and rolls back.
 */
export class ParkedRetries {
  readonly #deps: RetryDeps;
  readonly #runs = new KeyRuns(concurrentKeys);
  readonly #loop = new WakeLoop(() => this.#startDue());
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: RetryDeps) {
    this.#deps = deps;
  }

  /** Starts retries that are due. Called after an event was parked, and when a retry becomes due. */
  poll(): void {
    this.#loop.wake();
  }

  /** Polls after a delay. */
  pollIn(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.poll(), delayMs);
  }

  /** Starts no further retry, and resolves when the running ones have ended. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    await this.#runs.ended();
    clearTimeout(this.#timer);
  }

  async #startDue(): Promise<void> {
    const { options, subscriptions, ownedPartitions } = this.#deps;
    const holding = subscriptions.filter((one) => one.listener.afterDeath === 'hold').map((one) => one.name);
    try {
      for (const head of await parkedHeads(options.database.sql, ownedPartitions(), holding)) {
        if (!head.due || head.status !== 'waiting' || this.#loop.isStopped) continue;
        if (this.#runs.isFull) break;
        const subscription = subscriptions.find((one) => one.name === head.subscription);
        if (!subscription) continue;
        this.#runs.start(`${head.subscription} ${head.key}`, async () => {
          await this.#retryKey(subscription, head).catch((error: unknown) => {
            options.log.error({ err: error }, 'a retry failed unexpectedly');
          });
          return () => this.poll();
        });
      }
    } catch (error) {
      options.log.warn({ err: error }, 'failed to read parked events');
    }
  }

  async #retryKey(subscription: Subscription, first: ParkedHead): Promise<void> {
    const { options, ownedPartitions, onCleared } = this.#deps;
    const sql = options.database.sql;
    const holds = subscription.listener.afterDeath === 'hold';
    let head: ParkedHead | undefined = first;
    while (head?.due && head.status === 'waiting' && !this.#loop.isStopped) {
      if (!ownedPartitions().includes(head.partition)) return;
      await this.#retry(subscription, head);
      head = await parkedHead(sql, subscription.name, first.key, holds);
    }
    if (!head) onCleared(subscription, first.partition, first.key);
    else this.pollIn(options.retryDelayMs);
  }

  #retry(subscription: Subscription, head: ParkedHead): Promise<void> {
    const { options } = this.#deps;
    const { partition, offset, attempts, failures, replay_id } = head;
    return attempt(options, subscription, head, {
      claim: (sql) => claimParked(sql, head),
      succeed: async (sql, outcome, startedAt) => {
        if (replay_id !== null) return resolveEntry(sql, { ...head, replay_id }, outcome);
        const retry = { attempt: attempts + 1, failures };
        const handling = { subscription, partition, outcomes: [outcome], startedAt, finishedAt: new Date() };
        await handledRecord(sql, options.nodeId, [{ ...handling, retry }]);
      },
      fail: (failure, retry) => recordFailure(options.database.sql, head, failure, retry),
      editedData: head.edited_data,
      logAs: { offset },
    });
  }
}

import { attempt } from './attempt.ts';
import { handledRecord } from './batch.ts';
import type { DispatchOptions } from './dispatch-options.ts';
import { KeyRuns } from './key-runs.ts';
import { claimParked, type ParkedHead, parkedHead, parkedHeads, recordFailure } from './parking.ts';
import { resolveEntry } from './replay/replay-entries.ts';
import { holdingNames, type Subscription } from './subscription.ts';
import { WakeLoop } from './wake-loop.ts';

/** The dependencies of the retries. */
export interface RetryDeps {
  readonly options: DispatchOptions;
  readonly subscriptions: readonly Subscription[];
  readonly ownedPartitions: () => readonly number[];
  /** Called when a key appears to have no parked events left. */
  readonly onCleared: (subscription: Subscription, partition: number, key: string) => void;
}

/** Keys retried at the same time on this node, in each lane; each takes a connection. */
const concurrentKeys = 4;

/**
 * Retries parked events outside the partition pumps, so that a hanging listener delays only its own key. A key's
 * events are retried in order, each in one transaction that also deletes the parked row; a second node that does the
 * same finds it gone and rolls back.
 */
export class ParkedRetries {
  readonly #deps: RetryDeps;
  readonly #quick = new KeyRuns(concurrentKeys);
  /** For events whose last attempt ran out of time: they would keep those that fail quickly waiting. */
  readonly #slow = new KeyRuns(concurrentKeys);
  /** For events that may end the process: one at a time shows which one it is. */
  readonly #suspected = new KeyRuns(1);
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
    await Promise.all([this.#quick, this.#slow, this.#suspected].map((runs) => runs.ended()));
    clearTimeout(this.#timer);
  }

  async #startDue(): Promise<void> {
    const { options, subscriptions, ownedPartitions } = this.#deps;
    const holding = holdingNames(subscriptions);
    try {
      const heads = await parkedHeads(options.database.sql, ownedPartitions(), holding);
      for (const head of this.#inTurn(heads)) {
        if (this.#loop.isStopped) return;
        const subscription = subscriptions.find((one) => one.name === head.subscription);
        const [runs, groups] = [this.#runsOf(head), groupsOf(head)];
        if (!subscription || !runs.hasRoomFor(groups)) continue;
        runs.start(`${head.subscription} ${head.key}`, groups, () => this.#startKey(subscription, head));
      }
    } catch (error) {
      options.log.warn({ err: error }, 'failed to read parked events');
    }
  }

  /**
   * Those that are due, in the order in which they get what is free: listeners first that retry the fewest events of the
   * app now, then those that are due for the longest time.
   */
  #inTurn(heads: readonly ParkedHead[]): readonly ParkedHead[] {
    const counts = new Map<string, number>();
    const countOf = (head: ParkedHead): number => {
      const key = `${laneOf(head)} ${groupsOf(head).join(' ')}`;
      const count = counts.get(key) ?? this.#runsOf(head).countOf(groupsOf(head));
      counts.set(key, count);
      return count;
    };
    return heads
      .filter(({ due, is_pending, status }) => due && !is_pending && status === 'waiting')
      .toSorted((one, other) => countOf(one) - countOf(other));
  }

  #runsOf(head: ParkedHead): KeyRuns {
    return { quick: this.#quick, slow: this.#slow, suspected: this.#suspected }[laneOf(head)];
  }

  /** @returns what to do once the key can be started again: after an outage it waits for the next poll. */
  async #startKey(subscription: Subscription, head: ParkedHead): Promise<(() => void) | undefined> {
    try {
      await this.#retryKey(subscription, head);
      return () => this.poll();
    } catch (error) {
      this.#deps.options.log.error({ err: error }, 'a retry failed unexpectedly');
      return undefined;
    }
  }

  async #retryKey(subscription: Subscription, first: ParkedHead): Promise<void> {
    const { options, ownedPartitions, onCleared } = this.#deps;
    const sql = options.database.sql;
    const holds = subscription.listener.onDeadLetter === 'hold';
    let head: ParkedHead | undefined = first;
    while (
      head?.due &&
      !head.is_pending &&
      head.status === 'waiting' &&
      laneOf(head) === laneOf(first) &&
      !this.#loop.isStopped
    ) {
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

function laneOf({ ends, is_slow }: ParkedHead): 'quick' | 'slow' | 'suspected' {
  if (ends > 0) return 'suspected';
  return is_slow ? 'slow' : 'quick';
}

/** An app and a listener both have a share of the retries, and the app's events at the listener have one of their own. */
function groupsOf({ subscription, app_id }: ParkedHead): readonly string[] {
  return [subscription, `app ${app_id}`];
}

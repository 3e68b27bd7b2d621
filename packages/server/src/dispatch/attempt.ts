import type { Event } from '@mevrik/protocol';
import type { AttemptFailure } from '../db/schema.ts';
import type { Sql } from '../db/sql.ts';
import { readEventAt } from '../log/log.ts';
import { limitOf } from './batch.ts';
import type { DispatchOptions } from './dispatch-options.ts';
import { describeError, isInfrastructureFault } from './faults.ts';
import { handleOne, inHandlingTransaction, type Outcome, TimeLimit } from './handle.ts';
import { listenerRetryMs } from './listener-retry.ts';
import type { Subscription } from './subscription.ts';

/** What is to be attempted: a parked event, or one that is run again. */
export interface Attempted {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  /** Attempts that failed before. */
  readonly attempts: number;
}

/** How the books of an attempt are kept. */
export interface AttemptBooks {
  /** Takes the event, inside the transaction that handles it; false when somebody else has in the meantime. */
  take(sql: Sql): Promise<boolean>;
  /** Writes down what came of it, in the same transaction. */
  succeed(sql: Sql, outcome: Outcome, startedAt: Date): Promise<unknown>;
  /** Writes down a failure, after the transaction was undone; `null` for when to try again: never by itself. */
  fail(failure: AttemptFailure, retryInMs: number | null): Promise<unknown>;
  /** Data that is handled in place of the event's own. */
  readonly editedData?: unknown;
  /** What the log names it by, besides listener and key. */
  readonly logAs: object;
}

/** One attempt at one event, beside the partition pumps; a failure is written down, not thrown. */
export async function attempt(
  options: DispatchOptions,
  subscription: Subscription,
  attempted: Attempted,
  books: AttemptBooks,
): Promise<void> {
  const limitMs = limitOf(options, subscription);
  const startedAt = new Date();
  let stored: Event | undefined;
  try {
    stored = await readEventAt(options.database.sql, attempted.partition, attempted.offset);
    if (!stored) throw new Error('The event is no longer in the log.');
    const event = books.editedData ? ({ ...stored, data: books.editedData } as Event) : stored;
    await inHandlingTransaction(options, limitMs, async (open) => {
      // Taken first, so that whoever else is at it waits here instead of running it beside.
      if (!(await books.take(open.tx.sql))) return;
      const limit = new TimeLimit(limitMs);
      const outcome = await handleOne(options, subscription, event, open, limit).finally(() => limit.end());
      await books.succeed(open.tx.sql, outcome, startedAt);
    });
    options.observe.handled(subscription.name, 1, 0, (Date.now() - startedAt.getTime()) / 1000);
  } catch (error) {
    if (isInfrastructureFault(error)) throw error;
    const attempts = attempted.attempts + 1;
    const retries = subscription.listener.retries ?? options.retries;
    const retryInMs = attempts > retries ? null : listenerRetryMs(options.retryDelayMs, attempts);
    const failure = {
      at: startedAt.toISOString(),
      error: describeError(error),
      durationMs: Date.now() - startedAt.getTime(),
      node: options.nodeId,
    };
    await books.fail(failure, retryInMs);
    options.observe.failed(subscription.name);
    const detail = { listener: subscription.name, key: attempted.key, ...books.logAs, ...failure };
    if (retryInMs === null) {
      options.observe.dead(subscription.name);
      options.log.error(detail, 'an event is dead: a person must look at it');
    } else options.log.warn(detail, 'a retry failed');
  }
  if (stored) options.onMoved([stored]);
}

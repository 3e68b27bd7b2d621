import type { Event } from '@mevrik/protocol';
import type { Cause } from '../log/raise.ts';
import { type OpenTransaction, openTransaction } from '../log/transaction.ts';
import { withConflictRetry } from '../log/unit-of-work.ts';
import type { DispatchOptions } from './dispatch-options.ts';
import { ListenerTimeoutError } from './faults.ts';
import { type Subscription, wants } from './subscription.ts';

/** What came of one event: how long the listener took in microseconds, -1 where its condition skipped it. */
export interface Outcome {
  readonly offset: number;
  readonly durationUs: number;
}

/** Whether the listener's condition skipped the event. */
export function isSkipped({ durationUs }: Outcome): boolean {
  return durationUs < 0;
}

/** The cause that events raised while handling this one carry. */
function causedBy(event: Event): Cause {
  return { correlationId: event.correlationId, causationId: event.id, traceparent: event.traceparent };
}

/**
 * Runs work in one transaction of the dispatcher: what its listeners wrote and raised, and what `work` itself
 * wrote (the checkpoint), commit together or not at all. Conflicts with other transactions run it again.
 *
 * @param statementLimitMs how long one SQL statement may take, at about.
 */
export async function inHandlingTransaction<Result>(
  options: DispatchOptions,
  statementLimitMs: number,
  work: (open: OpenTransaction) => Promise<Result>,
): Promise<Result> {
  const done = await withConflictRetry(() =>
    options.database.sql.begin(async (client) => {
      const open = openTransaction(client, options.sync);
      // Not awaited: it travels with the next statement. It ends what a timed-out listener left running,
      // which the rollback would otherwise wait for.
      client.unsafe(`SET LOCAL statement_timeout = ${statementLimitMs + 500}`).catch(() => {});
      try {
        const result = await work(open);
        return { result, appended: await open.append(), committed: open.committed };
      } finally {
        open.close();
      }
    }),
  );
  done.committed();
  if (done.appended.length > 0) options.onAppended(done.appended);
  return done.result as Result;
}

/**
 * Lets a listener handle one event, within a time limit. When time is up the promise rejects at once and the
 * transaction is closed to whatever the listener still does.
 *
 * @throws ListenerTimeoutError, or what the listener threw.
 */
export async function handleOne(
  options: DispatchOptions,
  subscription: Subscription,
  event: Event,
  open: OpenTransaction,
  limitMs: number,
): Promise<Outcome> {
  if (!wants(subscription, event, options.environment)) return { offset: event.offset, durationUs: -1 };
  const startedAt = performance.now();
  const timeout = new AbortController();
  open.setCause(causedBy(event));
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new ListenerTimeoutError(limitMs);
      timeout.abort(error);
      reject(error);
    }, limitMs);
  });
  try {
    const handling = subscription.listener.handle(event, {
      tx: open.tx,
      needs: options.needs,
      signal: timeout.signal,
    });
    await Promise.race([handling, timeUp]);
  } finally {
    clearTimeout(timer);
  }
  return { offset: event.offset, durationUs: Math.round((performance.now() - startedAt) * 1000) };
}

import type { Event } from '@mevrik/protocol';
import { onceRead } from '../domain/deadline.ts';
import { currentEvent } from '../log/current-event.ts';
import type { Cause } from '../log/raise.ts';
import { type OpenTransaction, openTransaction } from '../log/transaction.ts';
import { withConflictRetry } from '../log/unit-of-work.ts';
import type { DispatchOptions } from './dispatch-options.ts';
import { ListenerTimeoutError } from './errors.ts';
import { type Subscription, wants } from './subscription.ts';

/** The outcome of one event: the listener's duration in microseconds, or -1 if its condition skipped it. */
export interface Outcome {
  readonly offset: number;
  readonly durationUs: number;
}

/** Whether the listener's condition skipped the event. */
export function isSkipped({ durationUs }: Outcome): boolean {
  return durationUs < 0;
}

/** The cause of events raised while handling this one. */
function causedBy(event: Event): Cause {
  const { correlationId, id: causationId, traceparent } = event;
  return { correlationId, causationId, traceparent, socketId: null };
}

/**
 * Runs work in one transaction of the dispatcher: what its listeners wrote and raised, and what `work` itself
 * wrote (the checkpoint), commit together or not at all. Conflicts with other transactions run it again.
 *
 * @param statementLimitMs the approximate time limit of one SQL statement.
 */
export async function inHandlingTransaction<Result>(
  options: DispatchOptions,
  statementLimitMs: number,
  work: (open: OpenTransaction) => Promise<Result>,
): Promise<Result> {
  const done = await withConflictRetry(() =>
    options.database.sql.begin(async (client) => {
      const open = openTransaction(client, options.sync);
      try {
        const result = await work(open);
        return { result, appended: await open.append(), committed: open.committed };
      } finally {
        open.close();
      }
      // The limit ends statements of a timed-out listener, which the rollback would otherwise wait for.
    }, statementLimitMs + 500),
  );
  done.committed();
  if (done.appended.length > 0) options.onAppended(done.appended);
  return done.result as Result;
}

/** Limits the time of each of several consecutive steps with one timer. */
export class TimeLimit {
  readonly #timer: NodeJS.Timeout;
  #controller: AbortController | undefined;
  #reject: (error: Error) => void = () => {};
  /** How many steps have begun and ended. */
  #turns = 0;
  /** Created only on timeout, because capturing a stack is expensive. */
  #error: ListenerTimeoutError | undefined;

  constructor(limitMs: number) {
    this.#timer = setTimeout(() => {
      const turn = this.#turns;
      onceRead(() => {
        if (this.#turns === turn) this.#expire(limitMs);
      });
    }, limitMs);
  }

  #expire(limitMs: number): void {
    this.#error = new ListenerTimeoutError(limitMs);
    this.#controller?.abort(this.#error);
    this.#reject(this.#error);
  }

  /** Aborted on timeout. Created on first use: most listeners never use it. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#error) this.#controller.abort(this.#error);
    return this.#controller.signal;
  }

  /** Runs a step. @throws ListenerTimeoutError on timeout, or the step's own error. */
  run(step: () => Promise<void>): Promise<void> {
    this.#timer.refresh();
    this.#turns += 1;
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      step().then(
        () => {
          this.#turns += 1;
          resolve();
        },
        (error) => {
          this.#turns += 1;
          reject(error);
        },
      );
    });
  }

  /** Stops the timer after the last step. */
  end(): void {
    clearTimeout(this.#timer);
  }
}

/**
 * Handles one event with a listener within a time limit. On timeout the promise rejects at once; the listener then
 * finds its transaction closed.
 *
 * @throws ListenerTimeoutError, UnreadableEventError, or what the listener threw.
 */
export async function handleOne(
  options: DispatchOptions,
  subscription: Subscription,
  stored: Event,
  open: OpenTransaction,
  limit: TimeLimit,
): Promise<Outcome> {
  const event = currentEvent(stored);
  if (!wants(subscription, event, options.environment)) return { offset: event.offset, durationUs: -1 };
  const startedAt = performance.now();
  open.setCause(causedBy(event));
  await limit.run(() =>
    subscription.listener.handle(event, {
      tx: open.tx,
      deps: options.deps,
      get signal() {
        return limit.signal;
      },
    }),
  );
  return { offset: event.offset, durationUs: Math.round((performance.now() - startedAt) * 1000) };
}

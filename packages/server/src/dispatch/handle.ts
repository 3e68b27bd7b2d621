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
  const { correlationId, id: causationId, traceparent } = event;
  return { correlationId, causationId, traceparent, socketId: null };
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
      try {
        const result = await work(open);
        return { result, appended: await open.append(), committed: open.committed };
      } finally {
        open.close();
      }
      // It ends what a timed-out listener left running, which the rollback would otherwise wait for.
    }, statementLimitMs + 500),
  );
  done.committed();
  if (done.appended.length > 0) options.onAppended(done.appended);
  return done.result as Result;
}

/** Bounds how long each of several steps may take, one after another, with one timer for all of them. */
export class TimeLimit {
  readonly #timer: NodeJS.Timeout;
  #controller: AbortController | undefined;
  #giveUp: (error: Error) => void = () => {};
  /** Made when time is up: an error costs its stack. */
  #error: ListenerTimeoutError | undefined;

  constructor(limitMs: number) {
    this.#timer = setTimeout(() => {
      this.#error = new ListenerTimeoutError(limitMs);
      this.#controller?.abort(this.#error);
      this.#giveUp(this.#error);
    }, limitMs);
  }

  /** Aborted when time is up. Made when somebody looks: most listeners never do. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#error) this.#controller.abort(this.#error);
    return this.#controller.signal;
  }

  /** @throws ListenerTimeoutError as soon as time is up, or what the step threw. */
  run(step: () => Promise<void>): Promise<void> {
    this.#timer.refresh();
    return new Promise((resolve, reject) => {
      this.#giveUp = reject;
      step().then(resolve, reject);
    });
  }

  /** No step follows. */
  end(): void {
    clearTimeout(this.#timer);
  }
}

/**
 * Lets a listener handle one event, within a time limit. When time is up the promise rejects at once; what the
 * listener still does finds its transaction closed.
 *
 * @throws ListenerTimeoutError, or what the listener threw.
 */
export async function handleOne(
  options: DispatchOptions,
  subscription: Subscription,
  event: Event,
  open: OpenTransaction,
  limit: TimeLimit,
): Promise<Outcome> {
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

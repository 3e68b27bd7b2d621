import { definitionOf, type Event, isEventName } from '@mevrik/protocol';
import type { AttemptFailure } from '../db/schema.ts';
import type { Sql } from '../db/sql.ts';
import { readEventAt } from '../log/log.ts';
import { limitOf } from './batch.ts';
import type { DispatchOptions } from './dispatch-options.ts';
import { isInfrastructureError, ProcessEndedError } from './errors.ts';
import { logHandled } from './event-log-lines.ts';
import { handleOne, inHandlingTransaction, type Outcome, TimeLimit } from './handle.ts';
import { attemptFailure, type Retry, retryAfter } from './listener-retry.ts';
import type { Subscription } from './subscription.ts';
import {
  hasEndedTooOften,
  isRecorded,
  recordAttempt,
  recordAttemptEnd,
  recordVerdict,
  type Suspicion,
} from './suspects.ts';

/** The event to attempt: a parked one, or one of a replay. */
export interface Attempted extends Suspicion {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  /** Attempts that failed before. */
  readonly attempts: number;
  /** How long it has been parked; absent for one of a replay. */
  readonly parked_for_ms?: number;
}

/** How the state of an attempt is stored. */
export interface AttemptStore {
  /** Claims the event inside the transaction that handles it; false if another node has claimed it. */
  claim(sql: Sql): Promise<boolean>;
  /** Stores the outcome in the same transaction. */
  succeed(sql: Sql, outcome: Outcome, startedAt: Date): Promise<unknown>;
  /** Stores a failure after the rollback. */
  fail(failure: AttemptFailure, retry: Retry): Promise<unknown>;
  /** Data to handle instead of the event's own. */
  readonly editedData?: unknown;
  /** Additional fields for log messages, besides listener and key. */
  readonly logAs: object;
}

/** Attempts one event outside the partition pumps; a failure is stored, not thrown. */
export async function attempt(
  options: DispatchOptions,
  subscription: Subscription,
  attempted: Attempted,
  store: AttemptStore,
): Promise<void> {
  const startedAt = new Date();
  const begun = performance.now();
  const { sql } = options.database;
  const at = { partition: attempted.partition, subscription: subscription.name, offset: attempted.offset };
  const endsAreNoticed = isRecorded(attempted) && !hasEndedTooOften(attempted);
  let stored: Event | undefined;
  try {
    if (hasEndedTooOften(attempted)) throw new ProcessEndedError();
    if (endsAreNoticed) await recordAttempt(sql, options.nodeId, at);
    stored = await readEventAt(sql, attempted.partition, attempted.offset);
    if (!stored) throw new Error('The event is no longer in the log.');
    const event = store.editedData ? withData(stored, store.editedData) : stored;
    const handled = await handleAlone(options, subscription, event, store, startedAt);
    logHandled(options, subscription.name, [event], handled);
    options.observe.handled(subscription.name, 1, 0, (performance.now() - begun) / 1000);
  } catch (error) {
    if (isInfrastructureError(error)) throw error;
    await recordFailed(options, subscription, attempted, store, { error, begun });
    if (error instanceof ProcessEndedError) await recordVerdict(sql, at);
  }
  if (endsAreNoticed) await recordAttemptEnd(sql, options.nodeId, at);
  if (stored) options.onMoved([stored]);
}

/** Handles an event in a transaction of its own. @returns nothing if another node has handled it. */
function handleAlone(
  options: DispatchOptions,
  subscription: Subscription,
  event: Event,
  store: AttemptStore,
  startedAt: Date,
): Promise<readonly Outcome[]> {
  const limitMs = limitOf(options, subscription);
  return inHandlingTransaction(options, limitMs, async (open) => {
    // Claimed first, so that a second node waits here instead of handling it concurrently.
    if (!(await store.claim(open.tx.sql))) return [];
    const limit = new TimeLimit(limitMs);
    const outcome = await handleOne(options, subscription, event, open, limit).finally(() => limit.end());
    await store.succeed(open.tx.sql, outcome, startedAt);
    return [outcome];
  });
}

async function recordFailed(
  options: DispatchOptions,
  subscription: Subscription,
  attempted: Attempted,
  store: AttemptStore,
  { error, begun }: { readonly error: unknown; readonly begun: number },
): Promise<void> {
  const retry =
    error instanceof ProcessEndedError
      ? { retryInMs: null, isCounted: true }
      : retryAfter(error, options, subscription, attempted.attempts + 1, attempted.parked_for_ms);
  const failure = attemptFailure(error, performance.now() - begun, options.nodeId);
  await store.fail(failure, retry);
  options.observe.failed(subscription.name);
  const detail = {
    listener: subscription.name,
    key: attempted.key,
    ...store.logAs,
    err: error,
    durationMs: failure.durationMs,
  };
  if (retry.retryInMs === null) {
    options.observe.dead(subscription.name);
    options.log.error(detail, 'an event became a dead letter');
  } else options.log.warn(detail, 'a retry failed');
}

/** The event with edited data, which was checked against the current version of its definition. */
function withData(event: Event, data: unknown): Event {
  const version = isEventName(event.type) ? definitionOf(event.type).version : event.version;
  return { ...event, version, data } as Event;
}

import type { Event } from '@mevrik/protocol';
import type { AttemptFailure } from '../db/schema.ts';
import type { Sql, Statement } from '../db/sql.ts';
import type { OpenTransaction } from '../log/transaction.ts';
import { type CheckpointMove, moveCheckpoints } from './checkpoints.ts';
import type { DispatchOptions } from './dispatch-options.ts';
import { logHandled } from './event-log-lines.ts';
import { handleOne, inHandlingTransaction, isSkipped, type Outcome, TimeLimit } from './handle.ts';
import { parkInTransaction } from './parking.ts';
import type { Subscription } from './subscription.ts';

/**
 * Events of one partition for one subscription, and how its checkpoint advances when they are handled: from the one in
 * the database to the one after the whole batch, which also passes events of other subscriptions.
 */
export interface Batch extends CheckpointMove {
  readonly subscription: Subscription;
  /** The events of the subscription, in order. */
  readonly events: readonly Event[];
  /** Keys with parked events: their further events are parked too. */
  readonly blockedKeys: ReadonlySet<string>;
}

/** The progress of a batch. */
export interface BatchResult<Handled extends Batch> {
  readonly batch: Handled;
  /** The offset that the subscription has reached: `to`, or less when time ran out. */
  readonly reached: number;
  /** The apps of events that were parked behind an earlier failure. */
  readonly parkedApps: ReadonlySet<number>;
}

/** A listener failed at this event; all batches of the transaction were rolled back. */
export class BatchFailure extends Error {
  override readonly name = 'BatchFailure';
  readonly batch: Batch;
  readonly event: Event;
  readonly durationMs: number;

  constructor(batch: Batch, event: Event, durationMs: number, cause: unknown) {
    super(`The listener failed at ${event.type} ${event.id}`, { cause });
    this.batch = batch;
    this.event = event;
    this.durationMs = durationMs;
  }
}

/** What the listener threw, or why the transaction failed after the listener had returned. */
export function causeOf(failure: unknown): unknown {
  return failure instanceof BatchFailure ? failure.cause : failure;
}

/**
 * Divides events whose transaction failed: at the event at which a listener failed, or in the middle if the failure does
 * not name one, as when the commit or the append failed. A single event is always the culprit.
 */
export function divide(
  events: readonly Event[],
  failure: unknown,
): {
  readonly before: readonly Event[];
  readonly culprit: Event | undefined;
  readonly after: readonly Event[];
} {
  const named = failure instanceof BatchFailure ? events.indexOf(failure.event) : -1;
  const at = events.length === 1 ? 0 : named;
  if (at >= 0) return { before: events.slice(0, at), culprit: events[at], after: events.slice(at + 1) };
  const middle = Math.floor(events.length / 2);
  return { before: events.slice(0, middle), culprit: undefined, after: events.slice(middle) };
}

/** After this time a transaction commits what it has handled, so that other subscriptions can proceed. */
const budgetMs = 250;

/**
 * Handles batches of one partition in one transaction, one after another: the listeners' writes, the events they
 * raised, events parked behind an earlier failure, and the checkpoints commit together.
 *
 * @returns the progress of each batch, without those that were not started when time ran out.
 * @throws BatchFailure when a listener failed, FencedError when another node has moved a checkpoint.
 */
export async function handleBatches<Handled extends Batch>(
  options: DispatchOptions,
  batches: readonly Handled[],
): Promise<readonly BatchResult<Handled>[]> {
  const done = await inHandlingTransaction(options, options.stallMs, async (open) => {
    const until = performance.now() + budgetMs;
    const runs: Run<Handled>[] = [];
    for (const batch of batches) {
      if (runs.length > 0 && performance.now() > until) break;
      runs.push(await runBatch(options, batch, open, until));
    }
    const sql = open.tx.sql;
    const moves = runs.map(({ batch, reached }) => ({ ...batch, to: reached }));
    await moveCheckpoints(sql, moves, handledRecord(sql, options.nodeId, runs));
    return runs;
  });
  for (const { batch, outcomes, reached, seconds } of done) {
    const skipped = outcomes.filter(isSkipped).length;
    options.observe.handled(batch.subscription.name, outcomes.length - skipped, skipped, seconds);
    logHandled(options, batch.subscription.name, batch.events, outcomes);
    options.onMoved(batch.events);
    options.observe.aged(
      batch.events.filter(({ offset, key }) => offset <= reached && !batch.blockedKeys.has(key)),
    );
  }
  return done;
}

interface Run<Handled extends Batch> extends BatchResult<Handled>, Handling {
  readonly seconds: number;
}

async function runBatch<Handled extends Batch>(
  options: DispatchOptions,
  batch: Handled,
  open: OpenTransaction,
  until: number,
): Promise<Run<Handled>> {
  const { subscription, partition, events, blockedKeys } = batch;
  const startedAt = new Date();
  const begunAt = performance.now();
  const outcomes: Outcome[] = [];
  const parked: Event[] = [];
  const limit = new TimeLimit(Math.min(options.stallMs, limitOf(options, subscription)));
  let reached = batch.to;
  try {
    for (const [index, event] of events.entries()) {
      if (index > 0 && performance.now() > until) {
        reached = events[index - 1]?.offset ?? batch.from;
        break;
      }
      if (blockedKeys.has(event.key)) {
        parked.push(event);
        continue;
      }
      const begun = performance.now();
      try {
        outcomes.push(await handleOne(options, subscription, event, open, limit));
      } catch (error) {
        throw new BatchFailure(batch, event, performance.now() - begun, error);
      }
    }
  } finally {
    limit.end();
  }
  if (parked.length > 0) await parkInTransaction(open.tx.sql, subscription.name, parked);
  const parkedApps = new Set(parked.map(({ appId }) => appId));
  const finishedAt = new Date();
  const seconds = (performance.now() - begunAt) / 1000;
  return { batch, subscription, partition, reached, parkedApps, outcomes, startedAt, finishedAt, seconds };
}

/** The time limit of a listener for one event, once it no longer delays its partition. */
export function limitOf(options: DispatchOptions, subscription: Subscription): number {
  return subscription.listener.timeoutMs ?? options.timeoutMs;
}

/** Events that a listener has handled or skipped. */
export interface Handling {
  readonly subscription: Pick<Subscription, 'name'>;
  readonly partition: number;
  readonly outcomes: readonly Outcome[];
  readonly startedAt: Date;
  readonly finishedAt: Date;
  /** For a parked event: the number of the attempt, and the earlier failures. */
  readonly retry?: { readonly attempt: number; readonly failures: readonly AttemptFailure[] };
}

/** The statement that records handled events with node, times and durations; `null` if there are none. */
export function handledRecord(sql: Sql, nodeId: string, handlings: readonly Handling[]): Statement | null {
  const rows = handlings.flatMap(({ subscription, partition, outcomes, startedAt, finishedAt, retry }) => {
    const last = outcomes.at(-1);
    if (!last) return [];
    return {
      partition,
      subscription: subscription.name,
      last_offset: last.offset,
      node: nodeId,
      started_at: startedAt.toISOString(),
      finished_at: finishedAt.toISOString(),
      offsets: outcomes.map((outcome) => outcome.offset),
      durations_us: outcomes.map((outcome) => outcome.durationUs),
      attempt: retry?.attempt ?? 1,
      failures: retry && retry.failures.length > 0 ? retry.failures : null,
    };
  });
  if (rows.length === 0) return null;
  return sql`
    INSERT INTO handled_batches (partition, subscription, last_offset, node, started_at, finished_at,
                                 offsets, durations_us, attempt, failures)
    SELECT partition, subscription, last_offset, node, started_at, finished_at, offsets, durations_us, attempt, failures
    FROM json_populate_recordset(NULL::handled_batches, ${JSON.stringify(rows)}::json)
    ON CONFLICT (partition, subscription, last_offset, attempt) DO NOTHING`;
}

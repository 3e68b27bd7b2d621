import type { Event } from '@mevrik/protocol';
import type postgres from 'postgres';
import type { AttemptFailure } from '../db/schema.ts';
import type { DispatchOptions } from './dispatch-options.ts';
import { FencedError } from './faults.ts';
import { handleOne, inHandlingTransaction, type Outcome } from './handle.ts';
import { parkInTransaction } from './parking.ts';
import type { Subscription } from './subscription.ts';

/** Events of one partition for one subscription, and how its checkpoint moves when they are handled. */
export interface Batch {
  readonly subscription: Subscription;
  readonly partition: number;
  /** The events that the subscription listens to, in order. */
  readonly events: readonly Event[];
  /** Where the checkpoint stands in the database. */
  readonly from: number;
  /** Where it stands when the whole batch is handled: past events that are not the subscription's, too. */
  readonly to: number;
  /** Keys with events parked before: theirs join the queue there. */
  readonly blockedKeys: ReadonlySet<string>;
}

/** A listener failed at this event, with the others of the batch undone. */
export class BatchFailure extends Error {
  override readonly name = 'BatchFailure';
  readonly event: Event;
  readonly durationMs: number;

  constructor(event: Event, durationMs: number, cause: unknown) {
    super(`The listener failed at ${event.type} ${event.id}`, { cause });
    this.event = event;
    this.durationMs = durationMs;
  }
}

/** After so long a batch commits what it has handled, so that others of its partition get their turn. */
const batchBudgetMs = 250;

/**
 * Handles a batch in one transaction: the listener's writes, what it raised, what was parked behind an earlier
 * failure, and the checkpoint commit together.
 *
 * @returns the offset up to which the subscription has come (`to`, or less when its time budget ran out), and
 * the key of an event that was parked, if one was.
 * @throws BatchFailure when the listener failed, FencedError when another node has moved the checkpoint.
 */
export async function handleBatch(
  options: DispatchOptions,
  batch: Batch,
): Promise<{ reached: number; parkedKey: string | undefined }> {
  const startedAt = new Date();
  const begun = performance.now();
  const { reached, outcomes, parkedKey } = await inHandlingTransaction(
    options,
    options.stallMs,
    async (open) => {
      const outcomes: Outcome[] = [];
      const parked: Event[] = [];
      let reached = batch.to;
      for (const [index, event] of batch.events.entries()) {
        if (performance.now() - begun > batchBudgetMs && index > 0) {
          reached = batch.events[index - 1]?.offset ?? batch.from;
          break;
        }
        if (batch.blockedKeys.has(event.key)) {
          parked.push(event);
          continue;
        }
        const eventBegun = performance.now();
        try {
          outcomes.push(await handleOne(options, batch.subscription, event, open, options.stallMs));
        } catch (error) {
          throw new BatchFailure(event, performance.now() - eventBegun, error);
        }
      }
      if (parked.length > 0) await parkInTransaction(open.tx.sql, batch.subscription.name, parked);
      await Promise.all([
        moveCheckpoint(open.tx.sql, batch, reached),
        recordHandled(open.tx.sql, options.nodeId, batch, outcomes, startedAt),
      ]);
      return { reached, outcomes, parkedKey: parked[0]?.key };
    },
  );
  const skipped = outcomes.filter((outcome) => outcome.durationUs < 0).length;
  options.observe.handled(
    batch.subscription.name,
    outcomes.length - skipped,
    skipped,
    (performance.now() - begun) / 1000,
  );
  return { reached, parkedKey };
}

/**
 * Moves a checkpoint by compare-and-set. This is the fence: of two nodes that both believe they own a
 * partition, only one finds the checkpoint where it left it.
 *
 * @throws FencedError when the checkpoint is not where it was.
 */
export async function moveCheckpoint(
  sql: postgres.Sql,
  { subscription, partition, from }: Pick<Batch, 'subscription' | 'partition' | 'from'>,
  to: number,
): Promise<void> {
  const moved = await sql`
    UPDATE checkpoints SET "offset" = ${to}
    WHERE partition = ${partition} AND subscription = ${subscription.name} AND "offset" = ${from}`;
  if (moved.count !== 1) {
    throw new FencedError(`${subscription.name} in partition ${partition} is no longer at ${from}`);
  }
}

/** Keeps what was handled, when, by whom, and how long each event took. */
export async function recordHandled(
  sql: postgres.Sql,
  nodeId: string,
  { subscription, partition }: Pick<Batch, 'subscription' | 'partition'>,
  outcomes: readonly Outcome[],
  startedAt: Date,
  retry: { attempt: number; failures: readonly AttemptFailure[] } = { attempt: 1, failures: [] },
): Promise<void> {
  const last = outcomes.at(-1);
  if (!last) return;
  await sql`
    INSERT INTO handled_batches (partition, subscription, last_offset, node, started_at, finished_at,
                                 offsets, durations_us, attempt, failures)
    VALUES (${partition}, ${subscription.name}, ${last.offset}, ${nodeId}, ${startedAt.toISOString()},
            ${new Date().toISOString()}, ${outcomes.map((outcome) => outcome.offset)},
            ${outcomes.map((outcome) => outcome.durationUs)}, ${retry.attempt},
            ${retry.failures.length > 0 ? JSON.stringify(retry.failures) : null}::jsonb)
    ON CONFLICT (partition, subscription, last_offset, attempt) DO NOTHING`;
}

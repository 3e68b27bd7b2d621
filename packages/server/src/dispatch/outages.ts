import type { Batch } from './batch.ts';
import { FencedError, isCausedByEvent } from './errors.ts';

/** After so many failures in a row, an event of the batch is suspected. */
const suspectedAfter = 20;

/**
 * Finds batches with an event whose handling ends the connection to the database each time, which looks as if the
 * database were unavailable. Each attempt follows a read of the position that succeeded, so that a real outage fails a
 * batch once or twice. If the suspicion is wrong, events can only be parked once the database can be written to.
 */
export class Outages {
  /** How often the batch after an offset has failed in a row. */
  readonly #failed = new Map<string, { readonly from: number; readonly count: number }>();

  /** Counts a failure of batches. @returns whether an event may have caused it, so that they are divided. */
  mayDivide(error: unknown, batches: readonly Batch[]): boolean {
    if (isCausedByEvent(error)) return true;
    if (error instanceof FencedError) return false;
    for (const batch of batches) {
      const before = this.#failed.get(keyOf(batch));
      const count = before?.from === batch.from ? before.count + 1 : 1;
      this.#failed.set(keyOf(batch), { from: batch.from, count });
    }
    return batches.every((batch) => this.#isSuspected(batch));
  }

  /** Whether an event may have caused the failure of a part of a batch that is being divided. */
  mayDividePart(error: unknown, part: Batch): boolean {
    return isCausedByEvent(error) || (!(error instanceof FencedError) && this.#isSuspected(part));
  }

  /** The batch was handled, or its division has ended. */
  ended(batch: Batch): void {
    this.#failed.delete(keyOf(batch));
  }

  #isSuspected(batch: Batch): boolean {
    return (this.#failed.get(keyOf(batch))?.count ?? 0) >= suspectedAfter;
  }
}

/** An app may have a position of its own at a subscription. */
function keyOf({ subscription, appId }: Batch): string {
  return `${subscription.name} ${appId}`;
}

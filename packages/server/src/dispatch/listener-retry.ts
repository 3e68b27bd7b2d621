import type { AttemptFailure } from '../db/schema.ts';
import { backOffMs } from '../domain/back-off.ts';
import { UnreadableEventError } from '../log/current-event.ts';
import type { DispatchOptions } from './dispatch-options.ts';
import { describeError, ProcessEndedError } from './errors.ts';
import type { Subscription } from './subscription.ts';

/**
 * Milliseconds before a listener retries an event; `null` if it has no retries left.
 *
 * @param attempts how many have failed, from 1.
 */
function listenerRetryMs(
  options: Pick<DispatchOptions, 'retries' | 'retryDelayMs'>,
  { listener }: Subscription,
  attempts: number,
): number | null {
  const retries = listener.retries ?? options.retries;
  if (attempts > retries) return null;
  return backOffMs({ firstMs: options.retryDelayMs, jitter: [0.75, 1.25] }, attempts);
}

/** When an event is attempted again, and whether the failed attempt counts. */
export interface Retry {
  /** Milliseconds until then; `null` makes it a dead letter. */
  readonly retryInMs: number | null;
  readonly isCounted: boolean;
}

/** A slow event continues at once, separately from those that are handled quickly. */
export const stalledRetry: Retry = { retryInMs: 0, isCounted: false };

/** How often it is checked whether a version that can read an event runs by now. */
const newerVersionMs = 10_000;

/** How long an event waits for that version: a rolling upgrade takes minutes, but a rollback may be for good. */
const newerVersionWithinMs = 10 * 60_000;

/**
 * When an event is attempted again after an error. One that a newer version wrote waits some minutes until that version
 * runs here; one that no version can read is a dead letter at once. One during which the process ended is attempted again, alone, even
 * by a listener without retries: others were handled at the same time.
 *
 * @param attempts how many have failed, this one included.
 * @param parkedForMs how long the event has been parked.
 */
export function retryAfter(
  error: unknown,
  options: Pick<DispatchOptions, 'retries' | 'retryDelayMs'>,
  subscription: Subscription,
  attempts: number,
  parkedForMs = 0,
): Retry {
  if (error instanceof UnreadableEventError) {
    return error.isNewer && parkedForMs < newerVersionWithinMs
      ? { retryInMs: newerVersionMs, isCounted: false }
      : { retryInMs: null, isCounted: true };
  }
  if (error instanceof ProcessEndedError) return { retryInMs: options.retryDelayMs, isCounted: false };
  return { retryInMs: listenerRetryMs(options, subscription, attempts), isCounted: true };
}

/** The record of an attempt that has just failed. */
export function attemptFailure(error: unknown, durationMs: number, node: string): AttemptFailure {
  return {
    at: new Date(Date.now() - durationMs).toISOString(),
    error: describeError(error),
    durationMs: Math.round(durationMs),
    node,
  };
}

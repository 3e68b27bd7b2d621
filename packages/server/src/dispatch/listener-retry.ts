import type { AttemptFailure } from '../db/schema.ts';
import { backOffMs } from '../domain/back-off.ts';
import type { DispatchOptions } from './dispatch-options.ts';
import { describeError } from './errors.ts';
import type { Subscription } from './subscription.ts';

/**
 * Milliseconds before a listener retries an event; `null` if it has no retries left.
 *
 * @param attempts how many have failed, from 1.
 */
export function listenerRetryMs(
  options: Pick<DispatchOptions, 'retries' | 'retryDelayMs'>,
  { listener }: Subscription,
  attempts: number,
): number | null {
  const retries = listener.retries ?? options.retries;
  if (attempts > retries) return null;
  return backOffMs({ firstMs: options.retryDelayMs, jitter: [0.75, 1.25] }, attempts);
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

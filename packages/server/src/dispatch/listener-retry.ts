import { backOffMs } from '../domain/back-off.ts';

/**
 * Milliseconds before a listener retries an event.
 *
 * @param firstMs the wait after the first failure.
 * @param attempts how many have failed, from 1.
 */
export function listenerRetryMs(firstMs: number, attempts: number): number {
  return backOffMs({ firstMs, jitter: [0.75, 1.25] }, attempts);
}

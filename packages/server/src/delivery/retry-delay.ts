import type { AppSettings } from '../apps/app-settings.ts';

/** How an app wants its messages sent. */
export type DeliveryPolicy = AppSettings['delivery'];

/**
 * Milliseconds until the next attempt: doubled with each failure, up to a bound, and between half and all of that, so
 * that many messages that failed together do not come back together. A provider's wish for more counts.
 *
 * @param attempts how many have failed, from 1.
 */
export function retryDelayMs(
  policy: Pick<DeliveryPolicy, 'firstDelayMs' | 'longestDelayMs'>,
  attempts: number,
  retryAfterMs = 0,
  random = Math.random(),
): number {
  const full = Math.min(policy.longestDelayMs, policy.firstDelayMs * 2 ** Math.min(attempts - 1, 30));
  return Math.round(Math.max(retryAfterMs, full * (0.5 + random / 2)));
}

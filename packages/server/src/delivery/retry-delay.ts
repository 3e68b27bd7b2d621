import type { AppSettings } from '../apps/app-settings.ts';
import { backOffMs } from '../domain/back-off.ts';

/** An app's delivery settings. */
export type DeliveryPolicy = AppSettings['delivery'];

/**
 * Milliseconds until the next attempt of a delivery, or what the provider asks for if that is longer.
 *
 * @param attempts how many have failed, from 1.
 */
export function deliveryRetryMs(
  { firstDelayMs, longestDelayMs }: Pick<DeliveryPolicy, 'firstDelayMs' | 'longestDelayMs'>,
  attempts: number,
  retryAfterMs = 0,
  random = Math.random(),
): number {
  const backOff = { firstMs: firstDelayMs, longestMs: longestDelayMs, jitter: [0.5, 1] } as const;
  return Math.max(Math.round(retryAfterMs), backOffMs(backOff, attempts, random));
}

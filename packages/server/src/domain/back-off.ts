/** How the waits between attempts grow. */
export interface BackOff {
  /** The wait after the first failure, in milliseconds; it doubles with each further one. */
  readonly firstMs: number;
  /** The longest wait, in milliseconds; unlimited when absent. */
  readonly longestMs?: number;
  /** The wait is multiplied by a random factor from this range, so that what failed together is not retried together. */
  readonly jitter: readonly [from: number, to: number];
}

/**
 * Milliseconds to wait before the next attempt.
 *
 * @param failures how many attempts have failed, from 1.
 * @param random from 0 to 1.
 */
export function backOffMs(
  { firstMs, longestMs = Number.POSITIVE_INFINITY, jitter: [from, to] }: BackOff,
  failures: number,
  random = Math.random(),
): number {
  const doublings = Math.max(0, failures - 1);
  return Math.round(Math.min(longestMs, firstMs * 2 ** doublings) * (from + random * (to - from)));
}

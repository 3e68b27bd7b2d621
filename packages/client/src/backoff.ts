/** What to do when a connection has ended: give up, or come back after so many milliseconds. */
export type RetryDecision = { readonly giveUp: true } | { readonly giveUp: false; readonly afterMs: number };

const maxMs = 30_000;
/** A server that restarts sends everybody away in the same moment: they come back spread over this time. */
const baseDelayMs = 1_000;

/**
 * When to come back. The protocol's codes say how: below 4100 not at all, below 4200 after a while, all others soon.
 * Never at once, and never all in the same moment; each failure in a row doubles the time.
 *
 * @param failures how many tries in a row have failed before this one.
 * @param random from 0 to 1.
 */
export function nextRetry(code: number, failures: number, random: number): RetryDecision {
  if (code >= 4000 && code < 4100) return { giveUp: true };
  const span = Math.min(maxMs, baseDelayMs * 2 ** Math.min(failures, 10));
  const minMs = code >= 4100 && code < 4200 ? baseDelayMs : 0;
  return { giveUp: false, afterMs: Math.round(minMs + random * span) };
}

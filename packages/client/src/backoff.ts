/** What to do when a connection has ended: give up, or reconnect after this many milliseconds. */
export type RetryDecision = { readonly giveUp: true } | { readonly giveUp: false; readonly afterMs: number };

/** After however long an outage: people wait no longer than a few seconds once the server answers. */
const maxMs = 4_000;
/** A server that restarts disconnects all clients at once: their reconnects are spread over this time. */
const baseDelayMs = 1_000;

/**
 * Decides when to reconnect. The protocol's close codes determine it: never below 4100, after at least a second below
 * 4200, soon for all others. The delay is random, so that clients do not reconnect together, and doubles with each
 * failure in a row, up to four seconds.
 * @param failures failed attempts in a row before this one.
 * @param random from 0 to 1.
 */
export function nextRetry(code: number, failures: number, random: number): RetryDecision {
  if (code >= 4000 && code < 4100) return { giveUp: true };
  const span = Math.min(maxMs, baseDelayMs * 2 ** Math.min(failures, 10));
  const minMs = code >= 4100 && code < 4200 ? baseDelayMs : 0;
  return { giveUp: false, afterMs: Math.round(minMs + random * span) };
}

/** When a conversation entered a queue and when it was assigned, in milliseconds since 1970. */
export interface Served {
  readonly beganMs: number;
  readonly takenMs: number;
}

/** The facts of an estimate. */
export interface WaitingFacts {
  /** From 1. */
  readonly position: number;
  /** Since when the first conversation in the queue has waited. */
  readonly firstBeganMs: number;
  /** The most recent assignments, in any order. */
  readonly served: readonly Served[];
  readonly nowMs: number;
}

/** Fewer samples say too little. */
const minSamples = 3;

/**
 * Estimates the wait in minutes: the position times the mean time that recent conversations were first in the queue. A
 * conversation that has been first for longer than the mean is counted too: the pace has slowed down.
 *
 * @returns `null` with too few recent assignments.
 */
export function estimateMinutes({ position, firstBeganMs, served, nowMs }: WaitingFacts): number | null {
  const byAssignment = [...served].sort((a, b) => a.takenMs - b.takenMs);
  const intervals = byAssignment
    .slice(1)
    .map(({ beganMs, takenMs }, at) => takenMs - Math.max(beganMs, byAssignment[at]?.takenMs ?? beganMs));
  if (intervals.length < minSamples) return null;
  const firstForMs = Math.max(
    0,
    nowMs - Math.max(firstBeganMs, byAssignment.at(-1)?.takenMs ?? firstBeganMs),
  );
  const meanMs = mean(intervals);
  const intervalMs = firstForMs > meanMs ? mean([...intervals, firstForMs]) : meanMs;
  return Math.max(1, Math.ceil((position * intervalMs - Math.min(firstForMs, intervalMs)) / 60_000));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

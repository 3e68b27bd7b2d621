/** When somebody began to wait in a queue, and was taken out of it, in milliseconds since 1970. */
export interface Served {
  readonly beganMs: number;
  readonly takenMs: number;
}

/** What the estimate is made of. */
export interface WaitingFacts {
  /** From 1. */
  readonly position: number;
  /** Since when whoever is first has waited. */
  readonly firstBeganMs: number;
  /** The last that were served, whatever their order. */
  readonly served: readonly Served[];
  readonly nowMs: number;
}

/** Fewer are chance. */
const fewest = 3;

/**
 * How many minutes somebody will wait: for as many turns as they have before them, each as long as the last ones stood
 * first in line. A first one who stands there for longer than that counts, too: then the pace has slackened.
 *
 * @returns `null` where too few were served lately to say.
 */
export function estimateMinutes({ position, firstBeganMs, served, nowMs }: WaitingFacts): number | null {
  const inOrder = [...served].sort((a, b) => a.takenMs - b.takenMs);
  const turns = inOrder
    .slice(1)
    .map(({ beganMs, takenMs }, at) => takenMs - Math.max(beganMs, inOrder[at]?.takenMs ?? beganMs));
  if (turns.length < fewest) return null;
  const standsMs = Math.max(0, nowMs - Math.max(firstBeganMs, inOrder.at(-1)?.takenMs ?? firstBeganMs));
  const usualMs = mean(turns);
  const turnMs = standsMs > usualMs ? mean([...turns, standsMs]) : usualMs;
  return Math.max(1, Math.ceil((position * turnMs - Math.min(standsMs, turnMs)) / 60_000));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

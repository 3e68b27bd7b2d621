import type { Timed } from './report.ts';

/** The median and the longest of durations in milliseconds. */
export function timesOf(name: string, took: readonly number[]): Timed {
  const sorted = took.toSorted((a, b) => a - b);
  return { name, medianMs: sorted[Math.floor(sorted.length / 2)] ?? 0, maxMs: sorted.at(-1) ?? 0 };
}

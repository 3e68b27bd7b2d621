/** Upper bounds, in milliseconds, of the buckets that durations are counted in; one more bucket holds longer ones. */
export const bucketEndsMs = [
  1, 2, 5, 10, 20, 35, 50, 75, 100, 150, 250, 500, 1_000, 2_500, 5_000, 15_000, 60_000, 300_000, 3_600_000,
] as const;

/** The index of the bucket for a duration in milliseconds. */
export function bucketOf(ms: number): number {
  const at = bucketEndsMs.findIndex((end) => ms <= end);
  return at === -1 ? bucketEndsMs.length : at;
}

/** Empty buckets. */
export function emptyBuckets(): number[] {
  return Array.from({ length: bucketEndsMs.length + 1 }, () => 0);
}

/**
 * The percentile of the counted durations in milliseconds, interpolated linearly within its bucket; `null` if
 * nothing was counted.
 */
export function percentileOf(buckets: readonly number[], share: number): number | null {
  const total = buckets.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let before = 0;
  for (const [at, count] of buckets.entries()) {
    if (count > 0 && before + count >= total * share) {
      const from = bucketEndsMs[at - 1] ?? 0;
      const to = bucketEndsMs[at] ?? from;
      return from + ((to - from) * (total * share - before)) / count;
    }
    before += count;
  }
  return bucketEndsMs.at(-1) ?? null;
}

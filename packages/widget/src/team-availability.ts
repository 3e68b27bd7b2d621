import type { TeamAvailability } from '@mevrik/protocol';

/** The most that a timer can wait. */
const longestTimerMs = 2 ** 31 - 1;
/** The pages of an app look again in a while, not all at once. */
const spreadMs = 20_000;

/** Does something soon after people come or go by the app's hours. Gives what calls it off. */
export function scheduleAvailabilityCheck({ changesAt }: TeamAvailability, work: () => void): () => void {
  if (changesAt === null) return () => {};
  const inMs = Date.parse(changesAt) - Date.now() + Math.random() * spreadMs;
  const timer = setTimeout(work, Math.min(Math.max(1000, inMs), longestTimerMs));
  return () => clearTimeout(timer);
}

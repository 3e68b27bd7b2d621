import type { TeamAvailability } from '@mevrik/protocol';

/** The maximum delay of a timer. */
const longestTimerMs = 2 ** 31 - 1;
/** Spreads the requests of all open pages. */
const spreadMs = 20_000;

/** Runs work shortly after the business hours open or close. @returns a function that cancels it. */
export function scheduleAvailabilityCheck({ changesAt }: TeamAvailability, work: () => void): () => void {
  if (changesAt === null) return () => {};
  const inMs = Date.parse(changesAt) - Date.now() + Math.random() * spreadMs;
  const timer = setTimeout(work, Math.min(Math.max(1000, inMs), longestTimerMs));
  return () => clearTimeout(timer);
}

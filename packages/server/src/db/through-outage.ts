import { setTimeout as delay } from 'node:timers/promises';
import { isDatabaseUnavailable } from './database-errors.ts';

/** Outages of a restart or a fail-over last seconds. */
const pauseMs = 250;
const giveUpMs = 30_000;

/**
 * Repeats work while the database is unavailable, for half a minute at most. What was received from outside is then
 * stored as soon as the database is back, and not only when a lease or a back-off ends.
 *
 * @param work safe to repeat, also if it had succeeded.
 * @param stopping ends the repeats.
 * @throws what the work throws last.
 */
export async function throughOutage<Result>(
  work: () => Promise<Result>,
  stopping: AbortSignal,
): Promise<Result> {
  const until = performance.now() + giveUpMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const isOver = performance.now() > until || stopping.aborted;
      if (isOver || !isDatabaseUnavailable(error)) throw error;
      await delay(pauseMs, undefined, { signal: stopping }).catch(() => {
        // It is stopping: one more attempt.
      });
    }
  }
}

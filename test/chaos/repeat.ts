import { setTimeout as delay } from 'node:timers/promises';

/** Between two attempts. */
export const pauseMs = 100;

/** Repeats what fails because a node or the database is away, for up to a minute. */
export async function repeat<Result>(work: () => Promise<Result>): Promise<Result> {
  const until = Date.now() + 60_000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > until) throw error;
      await delay(pauseMs);
    }
  }
}

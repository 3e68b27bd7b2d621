import type { z } from 'zod';
import type { AppDirectory } from '../apps/app-directory.ts';
import type { Database } from '../db/database.ts';
import type { UnitOfWork } from '../log/unit-of-work.ts';

/** What jobs are composed with. */
export interface JobNeeds {
  readonly database: Database;
  readonly unitOfWork: UnitOfWork;
  readonly apps: AppDirectory;
  readonly log: {
    info(detail: object, message: string): void;
    warn(detail: object, message: string): void;
  };
}

/**
 * Work outside of a transaction: asking others, waiting for a time. It may run more than once, so it must find out
 * for itself what is still to do.
 */
export interface Job {
  /** Its name in the queue. */
  readonly task: string;
  /** One sentence for people. */
  readonly summary: string;
  /** When it runs by itself, as a crontab line; `null` where it is only enqueued. */
  readonly cron: string | null;
  readonly run: (payload: unknown, needs: JobNeeds) => Promise<void>;
}

/** Defines a job that is enqueued with a payload. */
export function job<Schema extends z.ZodType>(definition: {
  readonly task: string;
  readonly summary: string;
  readonly payload: Schema;
  readonly run: (payload: z.output<Schema>, needs: JobNeeds) => Promise<void>;
}): Job {
  const { task, summary, payload, run } = definition;
  return { task, summary, cron: null, run: (given, needs) => run(payload.parse(given), needs) };
}

/** Defines a job that the clock starts, on one node at a time. */
export function timer(definition: {
  readonly task: string;
  readonly summary: string;
  readonly cron: string;
  readonly run: (needs: JobNeeds) => Promise<void>;
}): Job {
  return { ...definition, run: (_payload, needs) => definition.run(needs) };
}

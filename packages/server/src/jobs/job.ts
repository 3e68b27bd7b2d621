import type { z } from 'zod';
import type { Files } from '../attachments/files.ts';
import type { DeliveryDeps } from '../delivery/delivery-deps.ts';
import type { ProcessEmailDeps } from '../inbound-email/process-email.ts';

/** What jobs are composed with. */
export interface JobDeps extends DeliveryDeps {
  /** What taking in mails needs besides. */
  readonly email: ProcessEmailDeps;
  /** Attempts to take a mail in before it has failed. */
  readonly emailAttempts: number;
  /** Days for which it is kept what came in from providers and went out to them. */
  readonly recordDays: number;
  readonly desks: DeskDeps;
  readonly files: Files;
  /** Whether files may be fetched from inside of private networks. */
  readonly fetchesPrivate: boolean;
}

/** What is known of agents' desks. */
export interface DeskDeps {
  /** Those who have one open, on any node. */
  agents(): Promise<readonly number[]>;
  /** Minutes after which whoever has none is away; 0: they stay what they said. */
  readonly absentMinutes: number;
  /** Tells whom it concerns that an agent's availability is another one. */
  changed(agentId: number): Promise<void>;
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
  readonly run: (payload: unknown, deps: JobDeps) => Promise<void>;
}

/** Defines a job that is enqueued with a payload. */
export function job<Schema extends z.ZodType>(definition: {
  readonly task: string;
  readonly summary: string;
  readonly payload: Schema;
  readonly run: (payload: z.output<Schema>, deps: JobDeps) => Promise<void>;
}): Job {
  const { task, summary, payload, run } = definition;
  return { task, summary, cron: null, run: (given, deps) => run(payload.parse(given), deps) };
}

/** Defines a job that the clock starts, on one node at a time. */
export function timer(definition: {
  readonly task: string;
  readonly summary: string;
  readonly cron: string;
  readonly run: (deps: JobDeps) => Promise<void>;
}): Job {
  return { ...definition, run: (_payload, deps) => definition.run(deps) };
}

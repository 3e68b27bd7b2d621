import type { z } from 'zod';
import type { ArchiveEventsDeps } from '../archive/archive-events.ts';
import type { Files } from '../attachments/files.ts';
import type { DeliveryDeps } from '../delivery/delivery-deps.ts';
import type { CircuitBreaker } from '../domain/circuit-breaker.ts';
import type { ProcessEmailDeps } from '../inbound-email/process-email.ts';

/** The dependencies of jobs. */
export interface JobDeps extends DeliveryDeps {
  /** The dependencies of processing emails. */
  readonly email: ProcessEmailDeps;
  /** The maximum number of attempts to process an email. */
  readonly emailAttempts: number;
  /** The archive of the log. */
  readonly archive: Pick<ArchiveEventsDeps, 'store' | 'retention' | 'listeners'>;
  /** Days for which webhook events and deliveries are kept. */
  readonly recordDays: number;
  /** Days for which conversations of apps without a period of their own are kept; 0: for good. */
  readonly conversationDays: number;
  /** Days for which the audit log is kept. */
  readonly auditDays: number;
  /** Discards the dead letters whose period has passed. */
  readonly discardDeadLetters: () => Promise<void>;
  readonly desks: DeskDeps;
  readonly files: Files;
  /** Stops calling bots that keep failing; by app and address. */
  readonly bots: CircuitBreaker;
  /** Whether files may be downloaded from private networks. */
  readonly fetchesPrivate: boolean;
}

/** The presence of agents at their desks. */
export interface DeskDeps {
  /** The agents with an open desk, on any node. */
  agents(): Promise<readonly number[]>;
  /** Minutes without an open desk after which an agent is set away; 0: never. */
  readonly absentMinutes: number;
  /** Publishes that an agent's availability has changed. */
  changed(agentId: number): Promise<void>;
}

/**
 * Work outside a transaction, such as calling providers or waiting for a time. A job can run more than once, so it must
 * check what remains to be done.
 */
export interface Job {
  /** Its name in the queue. */
  readonly task: string;
  /** One sentence for administrators. */
  readonly summary: string;
  /** Its schedule as a crontab line; `null`: it only runs when enqueued. */
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

/** Defines a scheduled job, which runs on one node at a time. */
export function timer(definition: {
  readonly task: string;
  readonly summary: string;
  readonly cron: string;
  readonly run: (deps: JobDeps) => Promise<void>;
}): Job {
  return { ...definition, run: (_payload, deps) => definition.run(deps) };
}

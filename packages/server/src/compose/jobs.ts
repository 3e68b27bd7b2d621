import type { AppDirectory } from '../apps/app-directory.ts';
import type { FileStore } from '../attachments/file-store.ts';
import type { Files } from '../attachments/files.ts';
import type { ChannelRegistry } from '../channels/registry.ts';
import type { Config } from '../config/config.ts';
import type { ConnectionWatch } from '../db/connection-watch.ts';
import type { Database } from '../db/database.ts';
import type { DatabaseTarget } from '../db/database-target.ts';
import { createAlarm } from '../delivery/alarm.ts';
import { wakeDeliveries } from '../delivery/enqueue-delivery.ts';
import { createDeadLetters } from '../dispatch/inspect/dead-letters.ts';
import { subscriptionsOf } from '../dispatch/subscription.ts';
import { CircuitBreaker } from '../domain/circuit-breaker.ts';
import type { ProcessEmailDeps } from '../inbound-email/process-email.ts';
import { deliveryJobs, jobs, maintenanceJobs, outsideJobs } from '../jobs/index.ts';
import type { DeskDeps, Job } from '../jobs/job.ts';
import { type JobQueue, type JobRunner, startJobRunner } from '../jobs/runner.ts';
import { listen } from '../listeners/index.ts';
import type { Notify } from '../live/notice.ts';
import type { UnitOfWork } from '../log/unit-of-work.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Teardown } from './teardown.ts';

/** The dependencies of `startJobs`. */
export interface JobsPartDeps {
  readonly config: Config;
  readonly log: Log;
  readonly target: DatabaseTarget;
  readonly watch: ConnectionWatch;
  /** Opens a pool of connections. */
  readonly open: (name: string, maxConnections: number) => Database;
  readonly workOn: (database: Database) => UnitOfWork;
  readonly apps: AppDirectory;
  readonly channels: ChannelRegistry;
  readonly files: Files;
  readonly fileStore: FileStore;
  readonly desks: DeskDeps;
  readonly email: ProcessEmailDeps;
  readonly metrics: Metrics;
  readonly notify: Notify;
  readonly teardown: Teardown;
}

/** A bot that failed so often in a row is not called for so long; its conversations go to agents meanwhile. */
const botCircuit = { failures: 5, pauseMs: 30_000 };

/**
 * Database connections of all jobs of a process, besides `JOB_CONCURRENCY`: they take none from customers and agents. More
 * than maintenance has slots, so that quick jobs need not wait for it; fewer than all slots, because calls and deliveries
 * hold none while they wait for others.
 */
const otherJobConnections = 8;

/** Starts the queues: one for quick jobs, one for maintenance, one for calls and downloads, one for deliveries. */
export async function startJobs(deps: JobsPartDeps): Promise<Pick<JobRunner, 'isRunning'>> {
  const { config, log, target, watch, apps, channels, files } = deps;
  const { desks, email, metrics, notify, teardown } = deps;
  const database = deps.open('background', config.JOB_CONCURRENCY + otherJobConnections);
  const unitOfWork = deps.workOn(database);
  const alarm = createAlarm((keys) => wakeDeliveries(database, keys));
  teardown.add('the delivery timer', async () => alarm.stop());
  const jobDeps = {
    database,
    unitOfWork,
    apps,
    channels,
    log,
    alarm,
    countAttempt: metrics.attempt,
    files,
    desks,
    bots: new CircuitBreaker(botCircuit),
    fetchesPrivate: config.FETCH_PRIVATE_ADDRESSES,
    email,
    emailAttempts: config.EMAIL_ATTEMPTS,
    recordDays: config.RECORD_RETENTION_DAYS,
    conversationDays: config.CONVERSATION_RETENTION_DAYS,
    archive: {
      store: deps.fileStore,
      retention: {
        logDays: config.EVENT_RETENTION_DAYS,
        archiveDays: config.EVENT_ARCHIVE_DAYS,
        conversationDays: config.CONVERSATION_RETENTION_DAYS,
      },
      listeners: subscriptionsOf(listen).map(({ name }) => name),
    },
    auditDays: config.AUDIT_RETENTION_DAYS,
    discardDeadLetters: () => discardDeadLetters(database, config.DEAD_LETTER_RETENTION_DAYS),
    notify,
  };
  const runner = await startJobRunner({
    target,
    watch,
    deps: jobDeps,
    queues: [
      { jobs, concurrency: config.JOB_CONCURRENCY },
      besideTimers(sharedByApps(maintenanceJobs, config.JOB_CONCURRENCY)),
      sharedByApps(outsideJobs, config.CALL_CONCURRENCY),
      sharedByApps(deliveryJobs, config.DELIVERY_CONCURRENCY),
    ],
  });
  teardown.add('the job queues', () => runner.stop());
  return runner;
}

async function discardDeadLetters(database: Database, olderThanDays: number): Promise<void> {
  if (olderThanDays === 0) return;
  // Listeners notice at their next poll.
  const deadLetters = createDeadLetters(database, async () => {});
  const filter = { status: 'dead', olderThanDays } as const;
  const { items } = await deadLetters.list(filter, { limit: 1 });
  if (items.length > 0) await deadLetters.discard(filter, 'timeout');
}

/** A quarter of the slots is always left to the other apps. */
function sharedByApps(jobs: readonly Job[], concurrency: number): JobQueue {
  return {
    jobs,
    concurrency,
    slotsPerApp: Math.max(1, concurrency - Math.max(1, Math.floor(concurrency / 4))),
  };
}

/** A slot more for each timer, so that what apps cause does not wait for these. */
function besideTimers(queue: JobQueue): JobQueue {
  const timers = queue.jobs.filter(({ cron }) => cron !== null);
  return { ...queue, concurrency: queue.concurrency + timers.length };
}

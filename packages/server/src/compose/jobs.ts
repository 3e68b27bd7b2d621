import type { AppDirectory } from '../apps/app-directory.ts';
import type { Files } from '../attachments/files.ts';
import type { ChannelRegistry } from '../channels/registry.ts';
import type { Config } from '../config/config.ts';
import type { Database, DatabaseTarget } from '../db/database.ts';
import { createAlarm } from '../delivery/alarm.ts';
import { wakeDeliveries } from '../delivery/enqueue-delivery.ts';
import type { ProcessEmailDeps } from '../inbound-email/process-email.ts';
import { deliveryJobs, jobs } from '../jobs/index.ts';
import type { DeskDeps } from '../jobs/job.ts';
import { type JobRunner, startJobRunner } from '../jobs/runner.ts';
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
  readonly database: Database;
  readonly unitOfWork: UnitOfWork;
  readonly apps: AppDirectory;
  readonly channels: ChannelRegistry;
  readonly files: Files;
  readonly desks: DeskDeps;
  readonly email: ProcessEmailDeps;
  readonly metrics: Metrics;
  readonly notify: Notify;
  readonly teardown: Teardown;
}

/** Starts the job queue and the delivery queue. */
export async function startJobs(deps: JobsPartDeps): Promise<Pick<JobRunner, 'isRunning'>> {
  const { config, log, target, database, unitOfWork, apps, channels, files } = deps;
  const { desks, email, metrics, notify, teardown } = deps;
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
    fetchesPrivate: config.FETCH_PRIVATE_ADDRESSES,
    email,
    emailAttempts: config.EMAIL_ATTEMPTS,
    recordDays: config.RECORD_RETENTION_DAYS,
    notify,
  };
  const jobRunner = await startJobRunner({
    target,
    jobs,
    deps: jobDeps,
    concurrency: config.JOB_CONCURRENCY,
  });
  teardown.add('the job queue', () => jobRunner.stop());
  const deliveryRunner = await startJobRunner({
    target,
    jobs: deliveryJobs,
    deps: jobDeps,
    concurrency: config.DELIVERY_CONCURRENCY,
  });
  teardown.add('the delivery queue', () => deliveryRunner.stop());
  return { isRunning: () => jobRunner.isRunning() && deliveryRunner.isRunning() };
}

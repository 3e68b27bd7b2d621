import { type CronItem, Logger, parseCronItems, type Runner, run, type WorkerEvents } from 'graphile-worker';
import type { ConnectionWatch } from '../db/connection-watch.ts';
import type { DatabaseTarget } from '../db/database-target.ts';
import { backOffMs } from '../domain/back-off.ts';
import { pause } from '../domain/pause.ts';
import { AppSlots } from './app-slots.ts';
import type { Job, JobDeps } from './job.ts';
import { defaultLockTimes, JobLocks, type LockTimes } from './job-locks.ts';
import { JobPool } from './job-pool.ts';

/** The options of the job runner. */
export interface JobRunnerOptions {
  readonly target: DatabaseTarget;
  /** Cuts dead connections of the queue. */
  readonly watch?: ConnectionWatch;
  readonly jobs: readonly Job[];
  readonly deps: Omit<JobDeps, 'stopping'>;
  /** The maximum number of concurrent jobs on this node. */
  readonly concurrency: number;
  /** The maximum number of concurrent jobs of one app on this node; all of them by default. */
  readonly slotsPerApp?: number;
  /** How often due jobs are looked for, besides notifications of new ones; every two seconds by default. */
  readonly pollMs?: number;
  /** When jobs of a dead process are released; see `LockTimes`. */
  readonly lockTimes?: LockTimes;
  /** Starts the queue; for tests, which then stop it as if it had stopped by itself. */
  readonly run?: typeof run;
}

/** Runs jobs on this node; all nodes share the queue. */
export interface JobRunner {
  /** Whether it is running; false after it has stopped or failed. */
  isRunning(): boolean;
  /** Starts no more jobs and waits for the running ones. */
  stop(): Promise<void>;
}

/** How a queue that stopped by itself is started again. */
const restarts = { firstMs: 200, longestMs: 5_000, jitter: [0.75, 1.25] } as const;

/** Starts to run jobs. The queue's schema is created by the migrations. */
export async function startJobRunner(options: JobRunnerOptions): Promise<JobRunner> {
  const stopping = new AbortController();
  const deps: JobDeps = { ...options.deps, stopping: stopping.signal };
  const pool = new JobPool(options.target, {
    // Jobs hold no connection while they run: connections are only needed to fetch and to complete jobs, and one to be
    // notified of new ones. graphile-worker assumes otherwise and warns.
    max: Math.min(options.concurrency, 3) + 1,
    watch: options.watch,
    stopping: stopping.signal,
    onError: (error) => {
      // While it stops, the database may be stopping, too.
      if (!stopping.signal.aborted) deps.log.warn({ err: error }, 'a job queue connection failed');
    },
  });
  const locks = new JobLocks(pool, options.lockTimes ?? defaultLockTimes, (jobs) =>
    deps.log.warn({ jobs }, 'released jobs that were locked but did not run; they run again'),
  );
  const { slotsPerApp = options.concurrency } = options;
  const slots = new AppSlots(slotsPerApp, locks.events);
  const startQueue = () => startWorkers(options, deps, { pool, events: locks.events, slots });
  let runner: Runner | undefined = await startQueue();
  locks.start();
  const kept = keepRunning();

  /** Starts the queue again whenever it has stopped by itself, until `stop`. */
  async function keepRunning(): Promise<void> {
    for (let failures = 1; !stopping.signal.aborted; failures++) {
      try {
        runner ??= await startQueue();
        failures = 1;
        await runner.promise;
        if (!stopping.signal.aborted) deps.log.warn({}, 'the job queue stopped; starting it again');
      } catch (error) {
        if (!stopping.signal.aborted)
          deps.log.warn({ err: error }, 'the job queue failed; starting it again');
      }
      runner = undefined;
      await pause(backOffMs(restarts, failures), stopping.signal);
    }
  }

  return {
    isRunning: () => runner !== undefined,
    async stop() {
      const running = runner;
      stopping.abort();
      // Without a database the jobs that run cannot be completed; they run again.
      await Promise.race([
        running
          ?.stop()
          .then(() => kept)
          .then(() => locks.stop()),
        pool.hasGivenUp,
      ]);
      await pool.end();
    },
  };
}

function startWorkers(
  { jobs, concurrency, pollMs = 2_000, run: start = run }: JobRunnerOptions,
  deps: JobDeps,
  queue: { readonly pool: JobPool; readonly events: WorkerEvents; readonly slots: AppSlots },
): Promise<Runner> {
  const { pool, events, slots } = queue;
  slots.reset();
  return start({
    pgPool: pool,
    events,
    concurrency,
    forbiddenFlags: slots.forbiddenFlags,
    noHandleSignals: true,
    noPreparedStatements: false,
    pollInterval: pollMs,
    taskList: Object.fromEntries(
      jobs.map(({ task, run }) => [
        task,
        async (payload: unknown) => {
          const startedAt = performance.now();
          await run(payload, deps);
          deps.log.debug({ job: task, durationMs: performance.now() - startedAt }, 'a job was done');
        },
      ]),
    ),
    parsedCronItems: parseCronItems(jobs.flatMap(cronItemOf)),
    logger: new Logger(() => (level, message, detail) => {
      if (level !== 'error' && level !== 'warning') return;
      if (message.includes('smaller than concurrency')) return;
      const { error, ...about } = detail ?? {};
      // The loss of a connection is reported while the queue runs; a job that failed always.
      if (deps.stopping.aborted && about.failure !== true) return;
      deps.log.warn({ ...about, ...(error === undefined ? {} : { err: error }) }, `jobs: ${message}`);
    }),
  });
}

function cronItemOf({ task, cron }: Job): readonly CronItem[] {
  if (cron === null) return [];
  return [{ task, match: cron, identifier: task, options: { jobKey: task, jobKeyMode: 'replace' } }];
}

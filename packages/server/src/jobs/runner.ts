import { Logger, parseCronItems, type Runner, run } from 'graphile-worker';
import pg from 'pg';
import type { DatabaseTarget } from '../db/database.ts';
import type { Job, JobDeps } from './job.ts';

/** The options of the job runner. */
export interface JobRunnerOptions {
  readonly target: DatabaseTarget;
  readonly jobs: readonly Job[];
  readonly deps: Omit<JobDeps, 'stopping'>;
  /** The maximum number of concurrent jobs on this node. */
  readonly concurrency: number;
}

/** Runs jobs on this node; all nodes share the queue. */
export interface JobRunner {
  /** Whether it is running; false after it has stopped or failed. */
  isRunning(): boolean;
  /** Starts no more jobs and waits for the running ones. */
  stop(): Promise<void>;
}

/** Starts to run jobs. The queue's schema is created by the migrations. */
export async function startJobRunner(options: JobRunnerOptions): Promise<JobRunner> {
  const { target, jobs, concurrency } = options;
  const stopping = new AbortController();
  const deps: JobDeps = { ...options.deps, stopping: stopping.signal };
  const pool = new pg.Pool({
    ...('url' in target ? { connectionString: target.url } : target),
    // Jobs hold no connection while they run: connections are only needed to fetch and to complete jobs.
    // graphile-worker assumes otherwise and warns.
    max: Math.min(concurrency, 4) + 2,
    application_name: 'mevrik jobs',
  });
  const logError = (error: Error) => deps.log.warn({ err: error }, 'a job queue connection failed');
  pool.on('error', logError);
  pool.on('connect', (client) => client.on('error', logError));
  const runner: Runner = await run({
    pgPool: pool,
    concurrency,
    noHandleSignals: true,
    noPreparedStatements: false,
    pollInterval: 2_000,
    taskList: Object.fromEntries(
      jobs.map(({ task, run }) => [task, (payload: unknown) => run(payload, deps)]),
    ),
    parsedCronItems: parseCronItems(
      jobs.flatMap(({ task, cron }) =>
        cron === null
          ? []
          : [
              {
                task,
                match: cron,
                identifier: task,
                options: { jobKey: task, jobKeyMode: 'replace' as const },
              },
            ],
      ),
    ),
    logger: new Logger(() => (level, message, detail) => {
      if (level !== 'error' && level !== 'warning') return;
      if (message.includes('smaller than concurrency')) return;
      deps.log.warn({ ...detail }, `jobs: ${message}`);
    }),
  });
  let running = true;
  runner.promise.then(
    () => {
      running = false;
    },
    (error) => {
      running = false;
      deps.log.warn({ err: error }, 'the job queue failed');
    },
  );
  return {
    isRunning: () => running,
    async stop() {
      stopping.abort();
      if (running) await runner.stop();
      await pool.end();
    },
  };
}

import { Logger, parseCronItems, type Runner, run } from 'graphile-worker';
import pg from 'pg';
import type { DatabaseTarget } from '../db/database.ts';
import type { Job, JobDeps } from './job.ts';

/** What the runner is made of. */
export interface JobRunnerOptions {
  readonly target: DatabaseTarget;
  readonly jobs: readonly Job[];
  readonly deps: Omit<JobDeps, 'stopping'>;
  /** Jobs that run at the same time on this node. */
  readonly concurrency: number;
}

/** Runs jobs on this node; any number of nodes share the queue. */
export interface JobRunner {
  /** Whether it is at work; false once it has stopped or broken down. */
  isRunning(): boolean;
  /** Takes up nothing further and ends when what is under way has ended. */
  stop(): Promise<void>;
}

/** Starts to work off the queue. The schema is there already: migrations make it. */
export async function startJobRunner(options: JobRunnerOptions): Promise<JobRunner> {
  const { target, jobs, concurrency } = options;
  const stopping = new AbortController();
  const deps: JobDeps = { ...options.deps, stopping: stopping.signal };
  const pool = new pg.Pool({
    ...('url' in target ? { connectionString: target.url } : target),
    // A job holds no connection while it runs: they are for taking jobs up and for finishing them. The queue does
    // not know that, and warns.
    max: Math.min(concurrency, 4) + 2,
    application_name: 'mevrik jobs',
  });
  const note = (error: Error) =>
    deps.log.warn({ reason: error.message }, 'a connection of the job queue broke');
  pool.on('error', note);
  pool.on('connect', (client) => client.on('error', note));
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
      deps.log.warn({ reason: String(error) }, 'the job queue stopped');
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

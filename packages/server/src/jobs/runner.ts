import { type CronItem, Logger, parseCronItems, type Runner, run, type WorkerEvents } from 'graphile-worker';
import type { ConnectionWatch } from '../db/connection-watch.ts';
import type { DatabaseTarget } from '../db/database-target.ts';
import { throughOutage } from '../db/through-outage.ts';
import { backOffMs } from '../domain/back-off.ts';
import { pause } from '../domain/pause.ts';
import { AppSlots } from './app-slots.ts';
import type { Job, JobDeps } from './job.ts';
import { JobPool } from './job-pool.ts';
import { type BeatTimes, defaultBeatTimes, QueueBeat } from './queue-beat.ts';

/** Jobs that share slots, so that they delay no others. */
export interface JobQueue {
  readonly jobs: readonly Job[];
  /** The maximum number of its jobs that run at the same time on this node. */
  readonly concurrency: number;
  /** The maximum number of concurrent jobs of one app on this node; all of them by default. */
  readonly slotsPerApp?: number;
}

/** The options of the job runner. */
export interface JobRunnerOptions {
  readonly target: DatabaseTarget;
  /** Cuts dead connections of the queues. */
  readonly watch?: ConnectionWatch;
  readonly queues: readonly JobQueue[];
  readonly deps: Omit<JobDeps, 'stopping'>;
  /** When due jobs are looked for, and jobs of a dead process released; see `BeatTimes`. */
  readonly beatTimes?: BeatTimes;
  /** Starts a queue; for tests, which then stop it as if it had stopped by itself. */
  readonly run?: typeof run;
}

/** Runs jobs on this node; all nodes share the queues. */
export interface JobRunner {
  /** Whether all queues are running; false after one has stopped or failed. */
  isRunning(): boolean;
  /** Starts no more jobs and waits for the running ones. */
  stop(): Promise<void>;
}

/** How a queue that stopped by itself is started again. */
const restarts = { firstMs: 200, longestMs: 5_000, jitter: [0.75, 1.25] } as const;

/** The statements of all queues that run at the same time: each takes a millisecond, to fetch or complete a job. */
const statementsAtOnce = 4;

/** Starts to run jobs. The schema of the queues is created by the migrations. */
export async function startJobRunner(options: JobRunnerOptions): Promise<JobRunner> {
  const stopping = new AbortController();
  const deps: JobDeps = { ...options.deps, stopping: stopping.signal };
  const beatTimes = options.beatTimes ?? defaultBeatTimes;
  const pool = new JobPool(options.target, {
    // Jobs hold no connection while they run, and each queue holds one to be notified of new jobs. graphile-worker
    // assumes otherwise and warns.
    max: options.queues.length + statementsAtOnce,
    watch: options.watch,
    stopping: stopping.signal,
    repeatMs: beatTimes.deadAfterMs,
    onGivenUp: (error) => deps.log.warn({ err: error }, 'failed to complete a job; it runs again'),
    onError: (error) => {
      // While it stops, the database may be stopping, too.
      if (!stopping.signal.aborted) deps.log.warn({ err: error }, 'a job queue connection failed');
    },
  });
  const beat = new QueueBeat(pool, beatTimes, (jobs) =>
    deps.log.warn({ jobs }, 'released jobs that were locked but did not run; they run again'),
  );
  const running: JobRunner[] = [];
  const stop = async () => {
    stopping.abort();
    // Without a database the jobs that run cannot be completed; they run again.
    await Promise.race([
      Promise.all(running.map((queue) => queue.stop())).then(() => beat.stop()),
      pool.hasGivenUp,
    ]);
    await pool.end();
  };
  try {
    for (const queue of options.queues) {
      running.push(await keepRunning(queue, { deps, pool, beat, run: options.run ?? run }));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  beat.start();
  return {
    isRunning: () => running.every((queue) => queue.isRunning()),
    stop,
  };
}

/** The dependencies of a queue. */
interface QueueDeps {
  readonly deps: JobDeps;
  readonly pool: JobPool;
  readonly beat: QueueBeat;
  readonly run: typeof run;
}

/** Starts a queue, and starts it again whenever it has stopped by itself, until all jobs are to stop. */
async function keepRunning(queue: JobQueue, queueDeps: QueueDeps): Promise<JobRunner> {
  const { log, stopping } = queueDeps.deps;
  const { jobs, concurrency, slotsPerApp = concurrency } = queue;
  const events = queueDeps.beat.add({ tasks: jobs.map(({ task }) => task), slots: concurrency });
  const slots = new AppSlots(slotsPerApp, events);
  const start = () => startWorkers(queue, queueDeps, { events, slots });
  let runner: Runner | undefined = await start();
  const kept = keep();

  async function keep(): Promise<void> {
    for (let failures = 1; !stopping.aborted; failures++) {
      try {
        runner ??= await start();
        failures = 1;
        await runner.promise;
        if (!stopping.aborted) log.warn({}, 'the job queue stopped; starting it again');
      } catch (error) {
        if (!stopping.aborted) log.warn({ err: error }, 'the job queue failed; starting it again');
      }
      runner = undefined;
      await pause(backOffMs(restarts, failures), stopping);
    }
  }

  return {
    isRunning: () => runner !== undefined,
    async stop() {
      await runner?.stop();
      await kept;
    },
  };
}

/** The beat finds jobs that become due; a slot itself asks only as often as graphile-worker wants an interval. */
const slotPollMs = 600_000;

function startWorkers(
  { jobs, concurrency }: JobQueue,
  { deps, pool, run: start }: QueueDeps,
  { events, slots }: { readonly events: WorkerEvents; readonly slots: AppSlots },
): Promise<Runner> {
  slots.reset();
  return start({
    pgPool: pool,
    events,
    concurrency,
    forbiddenFlags: slots.forbiddenFlags,
    noHandleSignals: true,
    noPreparedStatements: false,
    pollInterval: slotPollMs,
    taskList: Object.fromEntries(
      jobs.map(({ task, run }) => [
        task,
        async (payload: unknown) => {
          const startedAt = performance.now();
          // graphile-worker would wait for seconds after the database is back.
          await throughOutage(() => run(payload, deps), deps.stopping);
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

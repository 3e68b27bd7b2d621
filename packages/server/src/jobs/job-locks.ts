import { EventEmitter } from 'node:events';
import type { WorkerEvents } from 'graphile-worker';
import type pg from 'pg';
import { pause } from '../domain/pause.ts';

/** Times of the locks, in milliseconds. */
export interface LockTimes {
  /** The interval in which a queue reports that it is running. */
  readonly beatMs: number;
  /** A queue that has not reported for this long is dead: its jobs are released. */
  readonly deadAfterMs: number;
}

/** Long enough for a busy machine, short enough for customers who wait for a reply. */
export const defaultLockTimes: LockTimes = { beatMs: 1_000, deadAfterMs: 6_000 };

/**
 * Releases jobs that are locked but do not run: those of processes that died, and those of this process whose lock was
 * answered on a connection that broke. graphile-worker itself waits four hours for both.
 */
export class JobLocks {
  /** For graphile-worker: its events say which jobs run here. */
  readonly events: WorkerEvents = new EventEmitter();
  readonly #pool: pg.Pool;
  readonly #times: LockTimes;
  readonly #onReleased: (jobs: readonly string[]) => void;
  /** The queues of this process, also those that have stopped. */
  readonly #queues = new Set<string>();
  /** How often each job runs here or has just ended: its completion may still be under way. */
  readonly #running = new Map<string, number>();
  readonly #stopping = new AbortController();
  #beating = Promise.resolve();

  /** @param onReleased called with the ids of jobs that were released. */
  constructor(pool: pg.Pool, times: LockTimes, onReleased: (jobs: readonly string[]) => void) {
    this.#pool = pool;
    this.#times = times;
    this.#onReleased = onReleased;
    this.events.on('pool:create', ({ workerPool }) => this.#queues.add(workerPool.id));
    this.events.on('job:start', ({ job }) => this.#count(job.id, 1));
    this.events.on('job:complete', ({ job }) => {
      setTimeout(() => this.#count(job.id, -1), times.deadAfterMs).unref();
    });
  }

  /** Reports that the queues are running, and releases jobs, until `stop`. */
  start(): void {
    this.#beating = this.#beatUntilStopped();
  }

  /** Call when no job is running any more: other processes then need not wait to release what is left. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#beating;
    await this.#pool
      .query('DELETE FROM running_job_queues WHERE id = ANY($1)', [[...this.#queues]])
      .catch(() => {
        // Without a database the queues are dead soon.
      });
  }

  async #beatUntilStopped(): Promise<void> {
    // The pool ends without `stop` if the database was away while the queue stopped.
    while (!this.#stopping.signal.aborted && !this.#pool.ending) {
      await this.#beat();
      await pause(this.#times.beatMs, this.#stopping.signal, { ref: false });
    }
  }

  async #beat(): Promise<void> {
    try {
      const { rows } = await this.#pool.query<{ id: string }>(beatAndRelease, [
        [...this.#queues],
        [...this.#running.keys()],
        this.#times.deadAfterMs,
      ]);
      if (rows.length > 0) this.#onReleased(rows.map(({ id }) => id));
    } catch {
      // The database is away, which the queue reports; the next beat makes up for this one.
    }
  }

  #count(job: string, change: number): void {
    const count = (this.#running.get(job) ?? 0) + change;
    if (count > 0) this.#running.set(job, count);
    else this.#running.delete(job);
  }
}

/**
 * $1: the queues of this process, $2: the jobs that run in it, $3: after how many milliseconds a queue is dead. A job
 * that was locked less than that ago may belong to a queue that has not reported yet.
 */
const beatAndRelease = `
  WITH beat AS (
    INSERT INTO running_job_queues (id) SELECT unnest($1::text[])
    ON CONFLICT (id) DO UPDATE SET seen_at = now()
  ), forgotten AS (
    DELETE FROM running_job_queues WHERE seen_at < now() - interval '1 day' AND NOT id = ANY($1::text[])
  )
  UPDATE graphile_worker._private_jobs AS jobs SET locked_at = NULL, locked_by = NULL
  WHERE locked_at < now() - $3 * interval '1 millisecond'
    AND CASE
      WHEN locked_by = ANY($1::text[]) THEN NOT id = ANY($2::bigint[])
      ELSE NOT EXISTS (
        SELECT FROM running_job_queues AS queue
        WHERE queue.id = jobs.locked_by AND seen_at > now() - $3 * interval '1 millisecond')
    END
  RETURNING id::text`;

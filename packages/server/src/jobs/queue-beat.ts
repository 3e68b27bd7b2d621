import { EventEmitter } from 'node:events';
import type { WorkerEvents, WorkerPool } from 'graphile-worker';
import type pg from 'pg';
import { pause } from '../domain/pause.ts';

/** Times of the beat, in milliseconds. */
export interface BeatTimes {
  /** The interval in which a process reports that its queues are running, and looks for due jobs. */
  readonly beatMs: number;
  /** A queue that has not reported for this long, and whose last connection has ended, is dead: its jobs are released. */
  readonly lostAfterMs: number;
  /** The same for a queue whose connection is open: its process may only be slow, or its host may be gone. */
  readonly deadAfterMs: number;
}

/** Long enough for a busy machine, short enough for customers who wait for a reply. */
export const defaultBeatTimes: BeatTimes = { beatMs: 1_000, lostAfterMs: 2_000, deadAfterMs: 6_000 };

/** A queue of this process. */
interface BeatingQueue {
  readonly tasks: readonly string[];
  readonly slots: number;
  /** Its slots, while it runs. */
  workers: WorkerPool | undefined;
}

/**
 * What all queues of a process do together, with one statement a second:
 *
 * - They look for jobs that are due. Each of graphile-worker's slots would ask for itself.
 * - They report that they are running, and release jobs that are locked but do not run: those of processes that died,
 *   and those of this process whose lock was answered on a connection that broke. graphile-worker itself waits four
 *   hours for both.
 */
export class QueueBeat {
  readonly #pool: pg.Pool;
  readonly #times: BeatTimes;
  readonly #onReleased: (jobs: readonly string[]) => void;
  readonly #queues: BeatingQueue[] = [];
  /** graphile-worker's ids of the queues of this process, also of those that have stopped. */
  readonly #ids = new Set<string>();
  /** How often each job runs here or has just ended: its completion may still be under way. */
  readonly #running = new Map<string, number>();
  readonly #stopping = new AbortController();
  #beating = Promise.resolve();

  /** @param onReleased called with the ids of jobs that were released. */
  constructor(pool: pg.Pool, times: BeatTimes, onReleased: (jobs: readonly string[]) => void) {
    this.#pool = pool;
    this.#times = times;
    this.#onReleased = onReleased;
  }

  /** Adds a queue. @returns its events, for graphile-worker: they say which of its jobs run here. */
  add({ tasks, slots }: { readonly tasks: readonly string[]; readonly slots: number }): WorkerEvents {
    const queue: BeatingQueue = { tasks, slots, workers: undefined };
    this.#queues.push(queue);
    const events: WorkerEvents = new EventEmitter();
    events.on('pool:create', ({ workerPool }) => {
      this.#ids.add(workerPool.id);
      queue.workers = workerPool;
    });
    // It must not be woken after this.
    events.on('pool:gracefulShutdown', () => {
      queue.workers = undefined;
    });
    events.on('job:start', ({ job }) => this.#count(job.id, 1));
    events.on('job:complete', ({ job }) => {
      setTimeout(() => this.#count(job.id, -1), this.#times.deadAfterMs).unref();
    });
    return events;
  }

  /** Beats until `stop`. */
  start(): void {
    this.#beating = this.#beatUntilStopped();
  }

  /** Call when no job is running any more: other processes then need not wait to release what is left. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#beating;
    await this.#pool
      .query('DELETE FROM running_job_queues WHERE id = ANY($1)', [[...this.#ids]])
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
    const queues = this.#queues.map(({ tasks, slots }, index) => ({ index, tasks, slots }));
    try {
      const { rows } = await this.#pool.query<{ released: string[]; due: number[] }>({
        name: 'beat',
        text: beat,
        values: [
          [...this.#ids],
          [...this.#running.keys()],
          this.#times.deadAfterMs,
          JSON.stringify(queues),
          this.#times.lostAfterMs,
        ],
      });
      const [{ released, due } = { released: [], due: [] }] = rows;
      if (released.length > 0) this.#onReleased(released);
      for (const [index, { workers }] of this.#queues.entries()) {
        const count = due[index] ?? 0;
        if (count > 0) workers?.nudge(count);
      }
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
 * $1: the queues of this process, $2: the jobs that run in it, $3: after how many milliseconds a queue is dead, $4: the
 * tasks and slots of its queues, $5: after how many a queue without its connection is. A job that was locked less than
 * $3 ago may belong to a queue that has not reported yet. `due` has, for each queue, the number of its due jobs, at most
 * as many as it has slots.
 */
const beat = `
  WITH beat AS (
    INSERT INTO running_job_queues (id, backend_pid) SELECT unnest($1::text[]), pg_backend_pid()
    ON CONFLICT (id) DO UPDATE SET seen_at = now(), backend_pid = pg_backend_pid()
  ), forgotten AS (
    DELETE FROM running_job_queues WHERE seen_at < now() - interval '1 day' AND NOT id = ANY($1::text[])
  ), lost AS (
    SELECT id FROM running_job_queues AS queue
    WHERE seen_at < now() - $5 * interval '1 millisecond' AND backend_pid IS NOT NULL
      -- A restart of the server ends the connections of living processes, too.
      AND seen_at > pg_postmaster_start_time()
      AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = queue.backend_pid)
  ), released AS (
    UPDATE graphile_worker._private_jobs AS jobs
    SET locked_at = NULL, locked_by = NULL,
        -- A job may be what ends its processes: from the second attempt on it waits, at most five minutes.
        run_at = CASE WHEN attempts < 2 OR locked_by = ANY($1::text[]) THEN run_at
                      ELSE now() + least(300, exp(attempts - 1)) * interval '1 second' END
    WHERE locked_by IS NOT NULL AND CASE
      WHEN locked_by = ANY($1::text[]) THEN
        locked_at < now() - $3 * interval '1 millisecond' AND NOT id = ANY($2::bigint[])
      ELSE locked_by IN (SELECT id FROM lost)
        OR locked_at < now() - $3 * interval '1 millisecond' AND NOT EXISTS (
          SELECT FROM running_job_queues AS queue
          WHERE queue.id = jobs.locked_by AND seen_at > now() - $3 * interval '1 millisecond')
    END
    RETURNING id::text
  )
  SELECT ARRAY(SELECT id FROM released) AS released, ARRAY(
    SELECT (SELECT count(*) FROM (
      SELECT FROM graphile_worker._private_jobs AS jobs
      WHERE is_available AND run_at <= now() AND task_id IN (
        SELECT id FROM graphile_worker._private_tasks WHERE queue.tasks ? identifier)
      LIMIT queue.slots) AS jobs)::int
    FROM jsonb_to_recordset($4::jsonb) AS queue (index int, tasks jsonb, slots int)
    ORDER BY queue.index) AS due`;

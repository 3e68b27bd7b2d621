import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type Runner, run as startQueue } from 'graphile-worker';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { type Database, openDatabase } from '../db/database.ts';
import type { Job, JobDeps } from './job.ts';
import { startJobRunner } from './runner.ts';

let testDatabase: TestDatabase;
let database: Database;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase(testDatabase.connection, { maxConnections: 2, applicationName: 'test' });
});
afterEach(async () => {
  // A job whose completion was lost runs once more: not in the next test.
  await database.sql`DELETE FROM graphile_worker._private_jobs`;
  // A queue that was killed, or stopped without a database, is still listed.
  await database.sql`DELETE FROM running_job_queues`;
});
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

const beatTimes = { beatMs: 20, lostAfterMs: 300, deadAfterMs: 300 };
/** Longer than a test: what needs this time does not happen. */
const neverMs = 600_000;

const cut = () =>
  // Only of this file's database: other files run on the same server.
  database.sql`
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'mevrik jobs' AND datname = current_database()`;

async function start(run = async (_number: number) => {}, times = beatTimes) {
  const logged: string[] = [];
  const log = (_detail: object, message: string) => void logged.push(message);
  const done = new Set<number>();
  const queues: Runner[] = [];
  const job: Job = {
    task: 'count',
    summary: 'Remembers that it ran.',
    cron: null,
    run: async (payload) => {
      const { number } = payload as { number: number };
      await run(number);
      done.add(number);
    },
  };
  const runner = await startJobRunner({
    target: testDatabase.connection,
    queues: [{ jobs: [job], concurrency: 10 }],
    deps: { log: { debug() {}, info: log, warn: log, error: log } } as unknown as JobDeps,
    beatTimes: times,
    run: async (queue) => {
      const started = await startQueue(queue);
      queues.push(started);
      return started;
    },
  });
  return { runner, done, logged, queues };
}

const add = (number: number) => database.sql`
  SELECT graphile_worker.add_job('count', ${JSON.stringify({ number })}::json, max_attempts => 25)`;

describe('the job queue', () => {
  it('is started again when it has stopped by itself', async () => {
    const { runner, done, logged, queues } = await start();
    try {
      // As it stops after an error that it cannot handle.
      await queues.at(-1)?.stop();
      await expect.poll(() => queues.length).toBe(2);
      expect(logged).toContain('the job queue stopped; starting it again');
      await add(1);
      await expect.poll(() => [...done]).toEqual([1]);
      expect(runner.isRunning()).toBe(true);
    } finally {
      await runner.stop();
    }
    expect(runner.isRunning()).toBe(false);
    expect(await database.sql`SELECT FROM running_job_queues`).toHaveLength(0);
  });

  it('that cannot be started stops those that were, and leaves no connection', async () => {
    const jobs: Job[] = [{ task: 'count', summary: 'Counts.', cron: null, run: async () => {} }];
    const queues: Runner[] = [];
    const starting = startJobRunner({
      target: testDatabase.connection,
      queues: [
        { jobs, concurrency: 1 },
        { jobs, concurrency: 1 },
      ],
      deps: { log: { debug() {}, info() {}, warn() {}, error() {} } } as unknown as JobDeps,
      run: async (queue) => {
        if (queues.length === 1) throw new Error('The second queue cannot start.');
        const started = await startQueue(queue);
        queues.push(started);
        return started;
      },
    });
    await expect(starting).rejects.toThrow('The second queue cannot start.');
    await queues[0]?.promise;
    const connections = () => database.sql`
      SELECT FROM pg_stat_activity WHERE application_name = 'mevrik jobs' AND datname = current_database()`;
    await expect.poll(connections).toEqual([]);
  });

  it('runs a job once it is due', async () => {
    const { runner, done } = await start();
    try {
      await database.sql`
        SELECT graphile_worker.add_job('count', '{"number": 1}', run_at => now() + interval '300 milliseconds')`;
      await expect.poll(() => [...done]).toEqual([1]);
    } finally {
      await runner.stop();
    }
  });

  it('goes on by itself after its connections were cut, again and again, while jobs start and end', async () => {
    const { runner, done } = await start();
    try {
      const count = 600;
      for (let number = 1; number <= count; number++) {
        await add(number);
        if (number % 20 === 0) await cut();
      }
      await database.sql`UPDATE graphile_worker._private_jobs SET run_at = now()`;
      await expect.poll(() => done.size).toBe(count);
      expect(runner.isRunning()).toBe(true);
    } finally {
      await runner.stop();
    }
  });

  it('stops while the database is away', async () => {
    const { runner } = await start();
    const { database: name, ...server } = testDatabase.connection;
    const target = { ...server, database: 'postgres' };
    const admin = openDatabase(target, { maxConnections: 1, applicationName: 'test' });
    await admin.sql.unsafe(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    try {
      await cut();
      await runner.stop();
    } finally {
      await admin.sql.unsafe(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
      await admin.close();
    }
  });
});

describe('the completion of a job', () => {
  /** A job that runs until it is ended. */
  function heldJob() {
    const runs: number[] = [];
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const run = async (number: number) => {
      runs.push(number);
      await ended;
    };
    return { run, runs, end };
  }

  const remaining = () => database.sql`SELECT FROM graphile_worker._private_jobs`;

  it('that was cancelled is repeated; the job does not run again', async () => {
    const held = heldJob();
    const { runner } = await start(held.run, { ...beatTimes, lostAfterMs: neverMs, deadAfterMs: neverMs });
    const cancelled = () => database.sql`
      SELECT pg_cancel_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'mevrik jobs' AND datname = current_database()
        AND wait_event_type = 'Lock' AND query LIKE 'delete from%'`;
    try {
      await add(1);
      await expect.poll(() => held.runs).toEqual([1]);
      await database.sql.begin(async (sql) => {
        await sql`SELECT FROM graphile_worker._private_jobs FOR UPDATE`;
        held.end();
        await expect.poll(cancelled).toHaveLength(1);
      });
      await expect.poll(remaining).toEqual([]);
      expect(held.runs).toEqual([1]);
    } finally {
      await runner.stop();
    }
  });

  it('is given up while the database is read-only; the job is completed once it can be written', async () => {
    const held = heldJob();
    const { runner, logged } = await start(held.run);
    const { database: name, ...server } = testDatabase.connection;
    const target = { ...server, database: 'postgres' };
    const admin = openDatabase(target, { maxConnections: 1, applicationName: 'test' });
    try {
      await add(1);
      await expect.poll(() => held.runs).toEqual([1]);
      // As managed services do when the disk is full.
      await admin.sql.unsafe(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
      await cut();
      held.end();
      await expect.poll(() => logged).toContain('failed to complete a job; it runs again');
      await admin.sql.unsafe(`ALTER DATABASE ${name} RESET default_transaction_read_only`);
      await cut();
      await expect.poll(remaining).toEqual([]);
      expect(runner.isRunning()).toBe(true);
    } finally {
      await admin.sql.unsafe(`ALTER DATABASE ${name} RESET default_transaction_read_only`);
      await runner.stop();
      await admin.close();
    }
  });
});

describe('a job that is locked', () => {
  it.each([
    // Its connections end with it.
    ['killed', 'SIGKILL', { ...beatTimes, deadAfterMs: neverMs }],
    ['suspended', 'SIGSTOP', { ...beatTimes, lostAfterMs: neverMs }],
  ] as const)('by a %s process is run by another one', async (_what, signal, times) => {
    const lost = await startInChild();
    try {
      await add(1);
      await lost.isRunningJob;
      await expect.poll(() => database.sql`SELECT FROM running_job_queues`).toHaveLength(1);
      lost.child.kill(signal);
      const { runner, done, logged } = await start(undefined, times);
      try {
        await expect.poll(() => [...done]).toEqual([1]);
        expect(logged).toContain('released jobs that were locked but did not run; they run again');
      } finally {
        await runner.stop();
      }
    } finally {
      lost.child.kill('SIGKILL');
    }
  });

  it('by a process that was killed waits longer each time, as it may be what ends the processes', async () => {
    for (const number of [1, 6]) {
      await add(number);
      await database.sql`
        UPDATE graphile_worker._private_jobs
        SET attempts = ${number}, locked_at = now() - interval '1 minute', locked_by = 'killed'
        WHERE attempts = 0`;
    }
    const { runner, done } = await start();
    try {
      await expect.poll(() => [...done]).toEqual([1]);
      const [job] = await database.sql<{ locked: string | null; wait: number }[]>`
        SELECT locked_by AS locked, extract(epoch FROM run_at - now())::float8 AS wait
        FROM graphile_worker._private_jobs`;
      expect(job?.locked).toBeNull();
      expect(job?.wait).toBeGreaterThan(60);
    } finally {
      await runner.stop();
    }
  });

  it('by a process whose connection ended with a restart of PostgreSQL is left to it', async () => {
    const { runner } = await start(undefined, { ...beatTimes, deadAfterMs: neverMs });
    try {
      const seen = async () =>
        (
          await database.sql<{ at: string }[]>`
          SELECT seen_at::text AS at FROM running_job_queues WHERE id <> 'living'`
        )[0]?.at;
      await expect.poll(seen).toBeDefined();
      await database.sql.begin(async (sql) => {
        await sql`
          INSERT INTO running_job_queues (id, seen_at, backend_pid)
          VALUES ('living', pg_postmaster_start_time() - interval '1 second', 0)`;
        await sql`SELECT graphile_worker.add_job('count', '{"number": 4}')`;
        await sql`UPDATE graphile_worker._private_jobs SET locked_at = now(), locked_by = 'living'`;
      });
      for (let beats = 0; beats < 2; beats++) {
        const before = await seen();
        await expect.poll(seen).not.toBe(before);
      }
      expect(await database.sql`SELECT locked_by FROM graphile_worker._private_jobs`).toEqual([
        { locked_by: 'living' },
      ]);
    } finally {
      await runner.stop();
    }
  });

  it('without the knowledge of its queue is run', async () => {
    const { runner, done } = await start();
    try {
      const [queue] = await database.sql<{ id: string }[]>`SELECT id FROM running_job_queues`;
      await database.sql.begin(async (sql) => {
        await sql`SELECT graphile_worker.add_job('count', '{"number": 2}')`;
        await sql`UPDATE graphile_worker._private_jobs SET locked_at = now(), locked_by = ${queue?.id ?? ''}`;
      });
      await expect.poll(() => [...done]).toEqual([2]);
    } finally {
      await runner.stop();
    }
  });

  it('and runs is not run by another queue, however long it takes', async () => {
    let runs = 0;
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const hold = async (number: number) => {
      // Jobs of earlier tests, whose completion was cut off, run again.
      if (number !== 3) return;
      runs += 1;
      await ended;
    };
    // Long, so that on a slow machine neither queue is taken for dead.
    const times = { beatMs: 20, lostAfterMs: neverMs, deadAfterMs: neverMs };
    const both = [await start(hold, times), await start(hold, times)];
    try {
      await add(3);
      await expect.poll(() => runs).toBe(1);
      // A queue that has not reported yet is only known to be alive by the age of its locks, which is changed here.
      await expect.poll(() => database.sql`SELECT FROM running_job_queues`).toHaveLength(2);
      const [since] = await database.sql<{ at: string }[]>`
        UPDATE graphile_worker._private_jobs SET locked_at = now() - interval '1 hour'
        WHERE payload ->> 'number' = '3' RETURNING now()::text AS at`;
      // Both queues have looked for dead ones since then, the second time with certainty.
      const seenAgain = async (after: string) => {
        const seen = () => database.sql<{ at: string }[]>`
          SELECT seen_at::text AS at FROM running_job_queues WHERE seen_at > ${after}::timestamptz ORDER BY 1`;
        await expect.poll(async () => (await seen()).length).toBe(2);
        return (await seen()).at(-1)?.at ?? after;
      };
      await seenAgain(await seenAgain(since?.at ?? ''));
      expect(runs).toBe(1);
      end();
      await expect
        .poll(() => both.flatMap(({ done }) => [...done].filter((number) => number === 3)))
        .toEqual([3]);
      expect(runs).toBe(1);
    } finally {
      end();
      for (const { runner } of both) await runner.stop();
    }
  });
});

/** A job runner in a process of its own, whose jobs never end. */
async function startInChild() {
  const script = `
    const { startJobRunner } = await import(${JSON.stringify(new URL('./runner.ts', import.meta.url).href)});
    const log = { info() {}, warn() {}, error() {} };
    const run = () => { console.log('running'); return new Promise(() => {}); };
    const jobs = [{ task: 'count', summary: 'Never ends.', cron: null, run }];
    await startJobRunner({ target: ${JSON.stringify(testDatabase.connection)}, queues: [{ jobs, concurrency: 1 }], deps: { log } });
    console.log('started');
  `;
  const args = ['--import', 'tsx', '--conditions=@mevrik/source', '--input-type=module', '-e', script];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe('started');
  return { child, isRunningJob: lines.next() };
}

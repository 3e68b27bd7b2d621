import { type Runner, run } from 'graphile-worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

const cut = () =>
  database.sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mevrik jobs'`;

async function start() {
  const logged: string[] = [];
  const log = (_detail: object, message: string) => void logged.push(message);
  const done = new Set<number>();
  const queues: Runner[] = [];
  const job: Job = {
    task: 'count',
    summary: 'Remembers that it ran.',
    cron: null,
    run: async (payload) => void done.add((payload as { number: number }).number),
  };
  const runner = await startJobRunner({
    target: testDatabase.connection,
    jobs: [job],
    deps: { log: { info: log, warn: log, error: log } } as unknown as JobDeps,
    concurrency: 10,
    pollMs: 20,
    run: async (queue) => {
      const started = await run(queue);
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
  });

  it('goes on by itself after its connections were cut, again and again, while jobs start and end', async () => {
    const { runner, done } = await start();
    try {
      const count = 600;
      for (let number = 1; number <= count; number++) {
        await add(number);
        if (number % 20 === 0) await cut();
      }
      await database.sql`UPDATE graphile_worker._private_jobs SET run_at = now(), locked_at = NULL, locked_by = NULL`;
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

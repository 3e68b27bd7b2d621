import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createTestDatabase,
  type DistantDatabase,
  startDistance,
  type TestDatabase,
} from '../../../../test/support/database.ts';
import { ConnectionWatch } from './connection-watch.ts';
import { type Database, openDatabase } from './database.ts';
import { isDatabaseUnavailable } from './database-errors.ts';

let testDatabase: TestDatabase;
let distance: DistantDatabase;
let watch: ConnectionWatch;
let database: Database;
let direct: Database;
const logged: string[] = [];
beforeEach(async () => {
  testDatabase = await createTestDatabase({ allowLeaks: true });
  distance = await startDistance(testDatabase);
  direct = openDatabase(testDatabase.connection, { maxConnections: 1, applicationName: 'direct' });
  logged.length = 0;
});
/**
 * @param answerMs long where a slow machine must not be taken for a silent network.
 * @param asked where the watch asks for the state of connections.
 */
function openWatched(answerMs: number, asked = distance.connection): void {
  const log = {
    info: (_detail: object, message: string) => logged.push(message),
    warn: (_detail: object, message: string) => logged.push(message),
  };
  watch = new ConnectionWatch(asked, log, {
    checkMs: 50,
    quietMs: 400,
    probeMs: 200,
    answerMs,
  });
  database = openDatabase(distance.connection, { maxConnections: 2, applicationName: 'mevrik far', watch });
}
afterEach(async () => {
  distance.network.release();
  await Promise.all([database.close(), direct.close()]);
  await watch.stop();
  distance.network.stop();
  await testDatabase.drop();
});

const backends = () =>
  direct.sql<{ pid: number; state: string }[]>`
    SELECT pid, state FROM pg_stat_activity WHERE application_name = 'mevrik far'`;
const ping = async () => (await database.sql`SELECT 1 AS one`)[0]?.one;
const outcome = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (isDatabaseUnavailable(error) ? 'unavailable' : error),
  );

/** Has other statements answered while one is under way. */
async function pingUntil(statement: Promise<unknown>): Promise<void> {
  let isRunning = true;
  const ended = statement.finally(() => {
    isRunning = false;
  });
  while (isRunning) await ping();
  await ended;
}

it.each([
  ['died silently', 'abandon'],
  ['broke for this end only', 'breakOff'],
] as const)(
  'a connection that %s is ended on the server, and its locks are released',
  async (_what, fail) => {
    openWatched(60_000);
    const transaction = database.sql.begin(async (sql) => {
      await sql`SELECT pg_advisory_xact_lock(7)`;
      distance.network[fail]();
      await sql`SELECT 1`;
    });
    expect(await outcome(transaction)).toBe('unavailable');
    expect(await ping()).toBe(1);
    await direct.sql`SELECT pg_advisory_lock(7)`;
    expect(watch.isReachable).toBe(true);
  },
);

it('idle connections that died with it are found before anything waits for them', async () => {
  openWatched(60_000);
  const [first, second] = [database.sql`SELECT pg_sleep(0.2)`, database.sql`SELECT pg_sleep(0.2)`];
  await Promise.all([first, second]);
  expect(await backends()).toHaveLength(2);
  distance.network.abandon();
  expect(await outcome(ping())).toBe('unavailable');
  await expect.poll(async () => (await backends()).length).toBe(0);
  expect(logged).toEqual(['closed dead database connections', 'closed dead database connections']);
  expect(await ping()).toBe(1);
});

it('an answer that never arrives cuts its connection, too', async () => {
  openWatched(60_000);
  const sleeping = database.sql`SELECT pg_sleep(0.3)`;
  // Awaited below.
  sleeping.catch(() => {});
  await expect.poll(async () => (await backends()).map(({ state }) => state)).toEqual(['active']);
  distance.network.abandon();
  expect(await outcome(sleeping)).toBe('unavailable');
});

it('a statement that the server is working on may take its time', async () => {
  openWatched(60_000);
  await database.sql`SELECT pg_sleep(2)`;
  expect(logged).toEqual([]);
});

it('a database that answers some is slow, not silent, even if it accepts no new connection', async () => {
  openWatched(600);
  await Promise.all([ping(), ping()]);
  distance.network.abandonNew();
  await pingUntil(database.sql`SELECT pg_sleep(3)`);
  expect(logged).toEqual([]);
  distance.network.restore();
});

it('while the database is silent, statements fail at once, those that wait for a connection as well', async () => {
  openWatched(1_000);
  expect(await ping()).toBe(1);
  distance.network.hold();
  const waiting = Promise.all(Array.from({ length: 10 }, () => outcome(database.sql`SELECT 1`)));
  expect(await waiting).toEqual(Array.from({ length: 10 }, () => 'unavailable'));
  expect(watch.isReachable).toBe(false);
  expect(await outcome(ping())).toBe('unavailable');
  expect(logged.at(-1)).toBe('database not responding; statements fail until it recovers');

  distance.network.release();
  await expect.poll(() => watch.isReachable).toBe(true);
  expect(await ping()).toBe(1);
  expect(logged.at(-1)).toBe('database connection restored');
});

describe('while new connections are refused, as by a host that has lost its database,', () => {
  /** @param answerMs how long they are refused before the database counts as lost. */
  function openRefused(answerMs: number): void {
    openWatched(answerMs, { ...distance.connection, host: '127.0.0.1', port: 1 });
  }

  it('statements on connections that nothing answers fail', async () => {
    openRefused(300);
    expect(await ping()).toBe(1);
    distance.network.hold();
    expect(await outcome(ping())).toBe('unavailable');
    expect(watch.isReachable).toBe(false);
  });

  it('a statement may take its time as long as others are answered', async () => {
    openRefused(300);
    await pingUntil(database.sql`SELECT pg_sleep(2)`);
    expect(logged).toEqual([]);
  });
});

it('what was left on the server by a silent network is ended when the database answers again', async () => {
  openWatched(1_000);
  const transaction = database.sql.begin(async (sql) => {
    await sql`SELECT pg_advisory_xact_lock(7)`;
    distance.network.abandon();
    distance.network.hold();
    await sql`SELECT 1`;
  });
  expect(await outcome(transaction)).toBe('unavailable');
  expect(watch.isReachable).toBe(false);
  expect(await backends()).toHaveLength(1);
  distance.network.release();
  await expect.poll(backends).toEqual([]);
  await direct.sql`SELECT pg_advisory_lock(7)`;
});

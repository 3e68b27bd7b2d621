import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { type Database, openDatabase } from './database.ts';

let testDatabase: TestDatabase;
let database: Database;
let other: Database;
beforeAll(async () => {
  testDatabase = await createTestDatabase({ allowLeaks: true });
  database = openDatabase(testDatabase.connection, { maxConnections: 1, applicationName: 'tested' });
  other = openDatabase(testDatabase.connection, { maxConnections: 1, applicationName: 'other' });
  await other.sql`CREATE TABLE written (what text PRIMARY KEY)`;
});
afterAll(async () => {
  await Promise.all([database.close(), other.close()]);
  await testDatabase.drop();
});

const written = async () => (await other.sql`SELECT what FROM written ORDER BY what`).map((row) => row.what);
const cut = () =>
  other.sql`
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'tested' AND datname = current_database()`;

describe('a transaction', () => {
  it('may be idle for as long as its statements may take', async () => {
    const idleLimit = async (statementMs?: number) => {
      const [row] = await database.sql.begin(
        (sql) => sql`SELECT current_setting('idle_in_transaction_session_timeout') AS idle`,
        statementMs,
      );
      return row?.idle;
    };
    expect(await idleLimit()).toBe('2min');
    expect(await idleLimit(30_000)).toBe('2min');
    expect(await idleLimit(300_000)).toBe('10min');
  });
});

describe('a transaction whose connection is lost', () => {
  it('between statements writes nothing, neither the earlier statements nor the later ones', async () => {
    const transaction = database.sql.begin(async (sql) => {
      await sql`INSERT INTO written VALUES ('before')`;
      await cut();
      // Rejected, because the connection is cut; the transaction must still fail.
      await sql`INSERT INTO written VALUES ('after')`.catch(() => {});
      // Rejected for the same reason.
      await sql`INSERT INTO written VALUES ('long after')`.catch(() => {});
    });
    await expect(transaction).rejects.toThrow();
    expect(await written()).toEqual([]);
  });

  it('during a statement fails with it; the next transaction gets a new connection', async () => {
    const transaction = database.sql.begin(async (sql) => {
      await sql`INSERT INTO written VALUES ('lost')`;
      const sleeping = sql`SELECT pg_sleep(60)`;
      // Awaited below.
      sleeping.catch(() => {});
      await expect.poll(async () => (await busy())[0]?.query).toContain('pg_sleep');
      await cut();
      await sleeping;
    });
    await expect(transaction).rejects.toMatchObject({ code: expect.stringMatching(/57P01|CONNECTION_LOST/) });
    await database.sql.begin((sql) => sql`INSERT INTO written VALUES ('kept')`);
    expect(await written()).toEqual(['kept']);
    await other.sql`DELETE FROM written`;
  });

  const busy = () =>
    other.sql<{ query: string }[]>`
      SELECT query FROM pg_stat_activity WHERE application_name = 'tested' AND state = 'active'`;
});

describe('a transaction', () => {
  it('in which a statement failed unnoticed does not commit silently', async () => {
    const transaction = database.sql.begin(async (sql) => {
      await sql`INSERT INTO written VALUES ('one')`;
      // The careless code that this test is about.
      await sql`INSERT INTO written VALUES ('one')`.catch(() => {});
      return 'done';
    });
    await expect(transaction).rejects.toThrow('rolled back');
    expect(await written()).toEqual([]);
  });

  it('sends statements that are not awaited in order', async () => {
    await database.sql.begin((sql) =>
      Promise.all([...'edcba'].map((what) => sql`INSERT INTO written VALUES (${what})`)),
    );
    expect(await written()).toEqual([...'abcde']);
    await other.sql`DELETE FROM written`;
  });
});

describe('a statement', () => {
  it('takes values as parameters and other statements as parts', async () => {
    const { sql } = database;
    const filter = sql`length(word) = ${3} AND word <> ${"o'n"}`;
    const rows =
      await sql`SELECT word FROM unnest(${['one', 'two', "o'n", 'three']}::text[]) AS word WHERE ${filter}`;
    expect(rows).toEqual([{ word: 'one' }, { word: 'two' }]);
    expect(rows.count).toBe(2);
  });

  it('returns instants as ISO 8601 with milliseconds and bigints as numbers', async () => {
    const [row] = await database.sql`
      SELECT '2026-01-31 10:00:00.12+01'::timestamptz AS instant, '2026-01-31 09:00:00Z'::timestamptz AS even,
             now() AS now, 12345678901::bigint AS number, ARRAY[1, 2]::bigint[] AS numbers`;
    expect(row).toMatchObject({
      instant: '2026-01-31T09:00:00.120Z',
      even: '2026-01-31T09:00:00.000Z',
      now: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      number: 12_345_678_901,
      numbers: [1, 2],
    });
  });

  it('rejects a value that is undefined', async () => {
    await expect(database.sql`SELECT ${undefined as never}`).rejects.toThrow('use null');
  });

  it('waits for a free connection without a time limit', async () => {
    const slow = database.sql.begin((sql) => sql`SELECT pg_sleep(0.3)`);
    const [row] = await database.sql`SELECT 1 AS one`;
    expect(row).toEqual({ one: 1 });
    await slow;
  });
});

describe('closing', () => {
  it('cuts connections that stay busy', async () => {
    const busy = openDatabase(testDatabase.connection, { maxConnections: 1, applicationName: 'busy' });
    const sleeping = busy.sql`SELECT pg_sleep(60)`;
    // Cut by closing, as expected.
    sleeping.catch(() => {});
    await expect
      .poll(
        () => other.sql`SELECT 1 FROM pg_stat_activity WHERE application_name = 'busy' AND state = 'active'`,
      )
      .toHaveLength(1);
    await Promise.race([busy.close(), delay(20_000).then(() => expect.unreachable())]);
    await expect(sleeping).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });
});

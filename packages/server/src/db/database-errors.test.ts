import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { type Database, type DatabaseOptions, openDatabase } from './database.ts';
import { databaseErrorCode, isDatabaseFull, isDatabaseUnavailable } from './database-errors.ts';
import type { DatabaseTarget } from './database-target.ts';

let testDatabase: TestDatabase;
let database: Database;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase(testDatabase.connection, options);
  await database.sql`CREATE TABLE written (what text PRIMARY KEY)`;
});
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

const options: DatabaseOptions = { maxConnections: 1, applicationName: 'tested' };

/** The error of a statement on a new pool. */
async function errorOn(target: DatabaseTarget, settings = options): Promise<unknown> {
  const opened = openDatabase(target, settings);
  try {
    return await opened.sql`INSERT INTO written VALUES ('one')`.then(() => undefined, same);
  } finally {
    await opened.close();
  }
}

const same = (error: unknown) => error;

/** The error of a statement that PostgreSQL rejects with an SQLSTATE. */
const errorOf = (sqlState: string) =>
  database.sql
    .unsafe(`DO $$ BEGIN RAISE EXCEPTION 'rejected' USING ERRCODE = '${sqlState}'; END $$`)
    .then(() => undefined, same);

describe('the database is unavailable', () => {
  it.each([
    ['whose host has no address', { host: 'database.invalid' }],
    ['whose port nothing listens on', { host: '127.0.0.1', port: 1 }],
    ['that does not exist', { database: 'nowhere' }],
    ['that does not accept the login', { user: 'stranger' }],
  ])('if a connection is made to one %s', async (_what, change) => {
    const error = await errorOn({ ...testDatabase.connection, ...change });
    expect(error).toBeInstanceOf(Error);
    expect(isDatabaseUnavailable(error)).toBe(true);
    expect(isDatabaseUnavailable(new Error('The listener failed.', { cause: error }))).toBe(true);
  });

  it('if it is read-only, as managed services set it when the disk is full', async () => {
    const error = await database.sql
      .snapshot(({ sql }) => sql`INSERT INTO written VALUES ('one')`)
      .then(() => undefined, same);
    expect(databaseErrorCode(error)).toBe('25006');
    expect(isDatabaseUnavailable(error)).toBe(true);
  });

  it.each(['28000', '53100', '53300', '57P01', '58030', '08006'])(
    'if a statement fails with %s',
    async (state) => {
      expect(isDatabaseUnavailable(await errorOf(state))).toBe(true);
      expect(isDatabaseFull(await errorOf(state))).toBe(state === '53100');
    },
  );

  it('not if a statement or a value is wrong', async () => {
    for (const state of ['22003', '23505', '42P01']) {
      expect(isDatabaseUnavailable(await errorOf(state))).toBe(false);
    }
    const circular: unknown[] = [];
    circular.push({ circular });
    const unsendable = await database.sql
      .unsafe('SELECT $1::json', [circular[0]])
      .then(() => undefined, same);
    expect(unsendable).toBeInstanceOf(Error);
    expect(isDatabaseUnavailable(unsendable)).toBe(false);
  });

  it('not if another system cannot be reached', async () => {
    const error = await fetch('http://127.0.0.1:1/').then(() => undefined, same);
    expect(error).toBeInstanceOf(Error);
    expect(isDatabaseUnavailable(error)).toBe(false);
  });
});

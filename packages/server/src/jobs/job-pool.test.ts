import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { JobPool } from './job-pool.ts';

let testDatabase: TestDatabase;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
});
afterAll(() => testDatabase.drop());

describe('a connection for notifications', () => {
  const options = {
    max: 1,
    watch: undefined,
    stopping: new AbortController().signal,
    repeatMs: 0,
    onError() {},
    onGivenUp() {},
  };

  it('may be released twice, as graphile-worker does when it is lost while the queue stops', async () => {
    const pool = new JobPool(testDatabase.connection, options);
    await new Promise<void>((resolve, reject) => {
      pool.connect((error: Error | undefined, _client: unknown, release: () => void) => {
        if (error) return reject(error);
        release();
        release();
        resolve();
      });
    });
    await pool.end();
  });

  it('may be released though there is none, as graphile-worker does when it connects again after a stop', async () => {
    const pool = new JobPool(testDatabase.connection, options);
    await pool.end();
    const error = await new Promise<Error | undefined>((resolve) => {
      pool.connect((failure: Error | undefined, _client: unknown, release: () => void) => {
        release();
        resolve(failure);
      });
    });
    expect(error?.message).toContain('after calling end');
  });
});

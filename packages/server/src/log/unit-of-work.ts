import { setTimeout as delay } from 'node:timers/promises';
import type { Event } from '@mevrik/protocol';
import type { Database } from '../db/database.ts';
import { isConflict } from '../db/database-errors.ts';
import { type Cause, noCause } from './raise.ts';
import { openTransaction, type SyncHandler, type Tx } from './transaction.ts';

/** Changes state and appends the events about it in one transaction; nothing is changed any other way. */
export interface UnitOfWork {
  /**
   * Runs `work` in a transaction, appends the events it raised, and commits. After a deadlock or serialisation failure
   * it runs again, up to five times in all, so it must be repeatable.
   *
   * @throws what `work` throws; nothing has changed then.
   */
  run<Result>(work: (tx: Tx) => Promise<Result>, cause?: Cause): Promise<Result>;
}

/** Called by a unit of work after the commit with the appended events. */
export type OnAppended = (events: readonly Event[]) => void | Promise<void>;

const maxAttempts = 5;

/** Creates a unit of work on a database. `onAppended` is awaited before `run` resolves. */
export function createUnitOfWork(database: Database, sync: SyncHandler, onAppended: OnAppended): UnitOfWork {
  return {
    async run(work, cause = noCause) {
      const { result, appended, committed } = await withConflictRetry(() =>
        database.sql.begin(async (client) => {
          const open = openTransaction(client, sync);
          open.setCause(cause);
          try {
            const result = await work(open.tx);
            return { result, appended: await open.append(), committed: open.committed };
          } finally {
            open.close();
          }
        }),
      );
      committed();
      if (appended.length > 0) await onAppended(appended);
      return result as never;
    },
  };
}

/** Retries an attempt that failed because of a concurrent transaction, with jitter between attempts. */
export async function withConflictRetry<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries >= maxAttempts || !isConflict(error)) throw error;
      await delay(Math.random() * 20 * 2 ** tries);
    }
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import type { Event } from '@mevrik/protocol';
import type { Database } from '../db/database.ts';
import { type Cause, noCause } from './raise.ts';
import { openTransaction, type SyncHandler, type Tx } from './transaction.ts';

/** The only way to change anything: state and the events that tell of it, in one transaction. */
export interface UnitOfWork {
  /**
   * Runs `work` in a transaction, appends the events it raised, and commits.
   * Deadlocks and serialisation failures run it again, at most five times, so it must be repeatable.
   *
   * @throws whatever `work` throws; nothing has changed then.
   */
  run<Result>(work: (tx: Tx) => Promise<Result>, cause?: Cause): Promise<Result>;
}

/** What a unit of work tells when it has committed: the events, with their places. */
export type OnAppended = (events: readonly Event[]) => void | Promise<void>;

const maxTries = 5;

/** Makes units of work on a database. `onAppended` is awaited before `run` resolves. */
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

/** Runs again what failed only because of who else was writing, with jitter between the tries. */
export async function withConflictRetry<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries >= maxTries || !isConflict(error)) throw error;
      await delay(Math.random() * 20 * 2 ** tries);
    }
  }
}

/** Whether PostgreSQL gave up a transaction because of another one: deadlock or serialisation failure. */
export function isConflict(error: unknown): boolean {
  const code = sqlState(error);
  return code === '40P01' || code === '40001';
}

/** The SQLSTATE of an error or of what caused it. */
export function sqlState(error: unknown): string | undefined {
  for (let current = error; current instanceof Error; current = current.cause as unknown) {
    const code = (current as { code?: unknown }).code;
    if (typeof code === 'string') return code;
  }
  return undefined;
}

import type { Sql } from '../db/sql.ts';

/** A number that no other advisory lock on the database uses. */
const lock = 7_245_113;

/**
 * Keeps old events from being removed until the end of the transaction (`shared`), or waits for those who do, to remove
 * some (`alone`). Appending needs no lock: what is removed is old.
 */
export async function lockOldEvents(tx: Sql, mode: 'shared' | 'alone'): Promise<void> {
  if (mode === 'shared') await tx`SELECT pg_advisory_xact_lock_shared(${lock})`;
  else await tx`SELECT pg_advisory_xact_lock(${lock})`;
}

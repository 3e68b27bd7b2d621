import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';

/** The key of the advisory lock; any number that nothing else on the database uses. */
const migrationLock = 7_364_100;
/** How often it is tried. */
const tryEveryMs = 200;

const functions = { alone: 'pg_try_advisory_lock', shared: 'pg_try_advisory_lock_shared' };

/**
 * Waits for the lock that a migration holds alone, and backups share. Ending the connection releases it.
 *
 * It is tried again and again: who waits in a statement keeps a snapshot, and the build of an index waits until all
 * earlier snapshots are gone, so that both would wait for each other.
 *
 * @param onWait called once if others hold it.
 */
export async function holdMigrationLock(
  client: pg.ClientBase,
  mode: keyof typeof functions,
  onWait: () => void = () => {},
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const { rows } = await client.query(`SELECT ${functions[mode]}($1) AS held`, [migrationLock]);
    if (rows[0].held) return;
    if (attempt === 0) onWait();
    await delay(tryEveryMs);
  }
}

import type { Sql } from '../db/sql.ts';

/**
 * Renews the epoch of the log if the log is another one than before. A server that was promoted in a fail-over, or
 * restored to a point in time, begins a new timeline (PostgreSQL's documentation, "Timelines"): it can lack events whose
 * offsets it gives to others. So can a database that was restored from a dump, which created its tables again: the
 * log then has another table, or is in another cluster.
 */
export async function renewEpoch(sql: Sql): Promise<void> {
  await sql`
    UPDATE log_epoch SET timeline = now_is.timeline,
      epoch = CASE WHEN log_epoch.timeline IS NULL THEN epoch ELSE gen_random_uuid() END
    FROM (SELECT concat_ws('/', substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), 'log_epoch'::regclass::oid,
                           (SELECT system_identifier FROM pg_control_system())) AS timeline) AS now_is
    WHERE log_epoch.timeline IS DISTINCT FROM now_is.timeline`;
}

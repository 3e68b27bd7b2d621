import type { Sql } from '../db/sql.ts';

/**
 * Renews the epoch of the log if PostgreSQL writes on another timeline than before. A server that was promoted in a
 * fail-over, or restored to a point in time, begins a new timeline (PostgreSQL's documentation, "Timelines"): it can lack
 * events whose offsets it gives to others.
 */
export async function renewEpoch(sql: Sql): Promise<void> {
  await sql`
    UPDATE log_epoch SET timeline = now_is.timeline,
      epoch = CASE WHEN log_epoch.timeline IS NULL THEN epoch ELSE gen_random_uuid() END
    FROM (SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS timeline) AS now_is
    WHERE log_epoch.timeline IS DISTINCT FROM now_is.timeline`;
}

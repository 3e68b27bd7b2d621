import type { HealthChange, HealthPart, HealthStatus } from '@mevrik/protocol';
import type { Database } from '../db/database.ts';
import { observationGapSeconds } from '../domain/health.ts';

/** The health of one part, as it is recorded. */
export interface HealthRecord {
  readonly part: HealthPart;
  readonly status: HealthStatus;
  readonly reason: string;
}

/** An arbitrary number for an advisory lock that nothing else on the database uses. */
const healthLock = 7_364_103;

/**
 * Records the parts whose status differs from their last recorded one.
 * @returns the changes, each on one node only, even when several nodes check at the same time.
 */
export async function recordHealthChanges(
  { sql }: Database,
  parts: readonly HealthRecord[],
): Promise<HealthChange[]> {
  return sql.begin(async (tx) => {
    await tx`SELECT pg_advisory_xact_lock(${healthLock})`;
    return tx<HealthChange[]>`
      INSERT INTO health_changes (part, status, reason)
      SELECT now_is.part, now_is.status, now_is.reason
      FROM jsonb_to_recordset(${JSON.stringify(parts)}::jsonb) AS now_is (part text, status text, reason text)
      LEFT JOIN LATERAL (SELECT status FROM health_changes WHERE part = now_is.part ORDER BY id DESC LIMIT 1) AS was ON true
      WHERE was.status IS DISTINCT FROM now_is.status
        -- A part that is healthy at its first check is not a change.
        AND NOT (was.status IS NULL AND now_is.status = 'ok')
      RETURNING part, status, reason, at`;
  });
}

/** Records that all parts were just checked: extends the current observed period, or starts a new one. */
export async function recordHealthCheck({ sql }: Database, everySeconds: number): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`SELECT pg_advisory_xact_lock(${healthLock})`;
    await tx`
      WITH current_period AS (
        UPDATE observed_periods SET looked_at = now()
        WHERE id = (SELECT max(id) FROM observed_periods)
          AND looked_at > now() - ${observationGapSeconds(everySeconds)} * interval '1 second'
        RETURNING id
      )
      INSERT INTO observed_periods (began_at) SELECT now() WHERE NOT EXISTS (SELECT FROM current_period)`;
  });
}

import type { Sql } from '../../packages/server/src/db/sql.ts';

/** About running processes, or renewed on purpose: not in a backup. */
const leftOut = new Set(['nodes', 'running_job_queues', 'partition_owners', 'suspected_events', 'log_epoch']);

/** The number of rows of each table, and a digest of them, whatever their order. Locks on jobs are not compared. */
export async function digestTables(sql: Sql): Promise<Record<string, string>> {
  const tables = await sql<{ schema: string; name: string }[]>`
    SELECT schemaname AS schema, tablename AS name FROM pg_tables
    WHERE schemaname = 'public' OR (schemaname = 'graphile_worker' AND tablename <> 'migrations') ORDER BY 1, 2`;
  const digests: Record<string, string> = {};
  for (const { schema, name } of tables) {
    if (leftOut.has(name)) continue;
    const [row] = await sql.unsafe<{ digest: string }>(`
      SELECT count(*) || ' ' || coalesce(md5(string_agg(content, ',' ORDER BY content)), '') AS digest
      FROM (SELECT (to_jsonb(rows) - '{locked_at,locked_by,is_available}'::text[])::text AS content FROM ${schema}.${name} AS rows) AS rows`);
    digests[name] = row?.digest ?? '';
  }
  return digests;
}

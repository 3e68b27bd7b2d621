import { mostCounted } from '@mevrik/protocol';
import { and, eq, type SQL, sql } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import type { Reader } from '../db/database.ts';

/** The number of rows in each of these statuses that occurs, up to `mostCounted`: a full count reads the whole table. */
export async function countByStatus(
  { orm }: Reader,
  table: PgTable,
  status: PgColumn,
  { statuses, where }: { readonly statuses: readonly string[]; readonly where: SQL | undefined },
): Promise<Record<string, number>> {
  const counts = statuses.map(
    (value) => sql`
      SELECT ${value}::text AS status, count(*)::int AS count
      FROM (SELECT FROM ${table} WHERE ${and(eq(status, value), where)} LIMIT ${mostCounted}) AS counted`,
  );
  const { rows } = await orm.execute<{ status: string; count: number }>(sql.join(counts, sql` UNION ALL `));
  return Object.fromEntries(rows.filter(({ count }) => count > 0).map((row) => [row.status, row.count]));
}

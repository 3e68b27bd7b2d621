import pg from 'pg';

/**
 * Makes everything that has happened in a database since `since` take `factor` times as long, backwards from
 * now. The order of events stays, and future times stay unchanged, except for the first reply deadlines of
 * cases.
 */
export async function stretchTime(
  databaseUrl: string,
  { since, factor }: { readonly since: Date; readonly factor: number },
): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (let attempt = 1; !(await stretch(client, { since, factor })); attempt++) {
      if (attempt === maxAttempts) throw new Error(`The times were not stretched: ${attempt} deadlocks.`);
    }
  } finally {
    await client.end();
  }
}

/** The server goes on meanwhile, and locks the same rows in another order. */
const maxAttempts = 20;
const deadlockDetected = '40P01';

/** @returns whether it was done; not after a deadlock, which changes nothing. */
async function stretch(
  client: pg.Client,
  { since, factor }: { readonly since: Date; readonly factor: number },
): Promise<boolean> {
  await client.query('BEGIN');
  try {
    const now = (await client.query('SELECT now()::timestamptz(3) AS now')).rows[0].now as Date;
    const stretched = (column: string) => `($2::timestamptz - ($2::timestamptz - ${column}) * ${factor})`;
    await client.query(
      `UPDATE cases SET first_reply_due_at = ${stretched('created_at')} + (first_reply_due_at - created_at)
       WHERE created_at BETWEEN $1 AND $2 AND first_reply_due_at IS NOT NULL`,
      [since, now],
    );
    // Partitions are changed through their parents.
    const { rows: tables } = await client.query<{ name: string; columns: string[] }>(`
      SELECT c.oid::regclass::text AS name, array_agg(quote_ident(attname)) AS columns
      FROM pg_class c JOIN pg_attribute ON attrelid = c.oid JOIN pg_namespace n ON n.oid = relnamespace
      WHERE nspname = 'public' AND relkind IN ('r', 'p') AND NOT relispartition
        AND atttypid = 'timestamptz'::regtype AND NOT attisdropped AND attname <> 'first_reply_due_at'
      GROUP BY c.oid`);
    for (const { name, columns } of tables) {
      const changes = columns.map(
        (column) =>
          `${column} = CASE WHEN ${column} BETWEEN $1 AND $2 THEN ${stretched(column)} ELSE ${column} END`,
      );
      const touched = columns.map((column) => `${column} BETWEEN $1 AND $2`);
      await client.query(`UPDATE ${name} SET ${changes.join(', ')} WHERE ${touched.join(' OR ')}`, [
        since,
        now,
      ]);
    }
    await client.query('COMMIT');
    return true;
  } catch (error) {
    await client.query('ROLLBACK');
    if (error instanceof pg.DatabaseError && error.code === deadlockDetected) return false;
    throw error;
  }
}

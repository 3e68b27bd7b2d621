import { getTableColumns, getTableName } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Sql } from './sql.ts';

/** A parameter of a statement; JSON is passed as text. */
type Parameter = string | number | boolean | null;

/**
 * A table on the path of every message. Its statements are built once: building a typed query costs as much as running
 * it. Rows and values have the same types as in typed queries.
 */
export interface HotTable<Row, NewRow> {
  /**
   * Reads whole rows. `rest` follows the table's name, with `$1`, `$2` … for the parameters; `first` is a `WITH`
   * clause before the `SELECT`.
   */
  select(sql: Sql, rest: string, parameters: readonly Parameter[], first?: string): Promise<readonly Row[]>;
  /** Inserts a row; `undefined` if a row with the same unique values exists. */
  insert(sql: Sql, values: NewRow): Promise<Row | undefined>;
}

/** Builds the statements of a table. */
export function hotTable<Table extends PgTable>(
  table: Table,
): HotTable<Table['$inferSelect'], Table['$inferInsert']> {
  const columns = getTableColumns(table);
  const name = `"${getTableName(table)}"`;
  const all = Object.entries(columns)
    .map(([field, column]) => `"${column.name}" AS "${field}"`)
    .join(', ');
  const inserts = new Map<string, string>();

  function insertOf(fields: readonly string[]): string {
    const id = fields.join();
    const known = inserts.get(id);
    if (known) return known;
    const names = fields.map((field) => `"${columns[field]?.name}"`).join(', ');
    const positions = fields.map((_, index) => `$${index + 1}`).join(', ');
    const text = `INSERT INTO ${name} (${names}) VALUES (${positions}) ON CONFLICT DO NOTHING RETURNING ${all}`;
    inserts.set(id, text);
    return text;
  }

  return {
    async select(sql, rest, parameters, first = '') {
      const rows = await sql.unsafe<Table['$inferSelect']>(
        `${first} SELECT ${all} FROM ${name} ${rest}`,
        parameters,
      );
      return rows;
    },
    async insert(sql, values) {
      const given = Object.entries(values).filter(([, value]) => value !== undefined);
      const fields = given.map(([field]) => field);
      const parameters = given.map(([field, value]) =>
        columns[field]?.dataType === 'json' && value !== null ? JSON.stringify(value) : value,
      );
      const [row] = await sql.unsafe(insertOf(fields), parameters);
      return row as Table['$inferSelect'] | undefined;
    },
  };
}

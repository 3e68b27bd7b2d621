import { getTableName, isTable } from 'drizzle-orm';
import type pg from 'pg';
import * as models from '../db/schema.ts';
import { BackupError, type Manifest, type StoredTable } from './manifest.ts';

/** A table as it is in the database; its columns without those that PostgreSQL computes. */
export type Table = Pick<StoredTable, 'schema' | 'name' | 'columns'>;

/** A sequence and its last value. */
type Sequence = Manifest['sequences'][number];

/** About processes that run now: none of these does after a restore. */
const leftOut = new Set(['nodes', 'running_job_queues', 'partition_owners', 'suspected_events']);

/** The tables of the job queue, besides the list of its own migrations. */
const jobSchema = 'graphile_worker';

/**
 * The tables that a backup contains, each after the tables that its rows refer to.
 *
 * @throws BackupError if the database has other tables than this build.
 */
export async function listTables(client: pg.ClientBase): Promise<Table[]> {
  const ours = Object.values(models)
    .filter((model) => isTable(model))
    .map((model) => getTableName(model))
    .filter((name) => !leftOut.has(name));
  const { rows } = await client.query<Table & { references: string[] }>(
    `SELECT pg_namespace.nspname AS schema, pg_class.relname AS name,
            (SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute
             WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '') AS columns,
            ARRAY(SELECT referenced.relname::text FROM pg_constraint JOIN pg_class AS referenced ON referenced.oid = confrelid
                  WHERE conrelid = pg_class.oid AND contype = 'f' AND confrelid <> conrelid) AS references
     FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE relkind = 'r' AND ((nspname = 'public' AND relname = ANY($1)) OR (nspname = $2 AND relname <> 'migrations'))
     ORDER BY 1, 2`,
    [ours, jobSchema],
  );
  if (rows.filter(({ schema }) => schema === 'public').length !== ours.length) {
    throw new BackupError(
      'This database belongs to another version of Mevrik. Use the version that runs on it.',
    );
  }
  return inOrder(rows);
}

/** Sorts tables so that each comes after those it refers to. */
function inOrder(tables: readonly (Table & { readonly references: readonly string[] })[]): Table[] {
  const waiting = new Map(tables.map((table) => [table.name, table]));
  const ordered: Table[] = [];
  while (waiting.size > 0) {
    const next = [...waiting.values()].filter(
      ({ references }) => !references.some((one) => waiting.has(one)),
    );
    if (next.length === 0) throw new Error(`Tables refer to each other: ${[...waiting.keys()].join(', ')}`);
    for (const { schema, name, columns } of next) {
      waiting.delete(name);
      ordered.push({ schema, name, columns });
    }
  }
  return ordered;
}

/** The last values of the sequences of these tables that have been used. */
export async function listSequences(client: pg.ClientBase, tables: readonly Table[]): Promise<Sequence[]> {
  const { rows } = await client.query<Sequence>(
    `SELECT * FROM (
       SELECT sequences.nspname AS schema, sequence.relname AS name, pg_sequence_last_value(sequence.oid)::text AS value
       FROM pg_depend
       JOIN pg_class AS sequence ON sequence.oid = objid AND sequence.relkind = 'S'
       JOIN pg_namespace AS sequences ON sequences.oid = sequence.relnamespace
       WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i')
         AND refobjid = ANY($1::regclass[])) AS used
     WHERE value IS NOT NULL ORDER BY 1, 2`,
    [tables.map(quoteTable)],
  );
  return rows;
}

/** The name of a table for SQL. */
export function quoteTable({ schema, name }: Pick<Table, 'schema' | 'name'>): string {
  return `"${schema}"."${name}"`;
}

/** A table and its columns, as COPY names them. */
export function copyTarget(table: Table): string {
  return `${quoteTable(table)} (${table.columns.map((column) => `"${column.replaceAll('"', '""')}"`).join(', ')})`;
}

/** The hashes of the migrations of a database, in the order in which they were applied. */
export async function listMigrations(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ hash: string }>(
    'SELECT hash FROM drizzle.__drizzle_migrations ORDER BY id',
  );
  return rows.map(({ hash }) => hash);
}

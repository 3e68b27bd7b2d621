import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';

/** A statement that took long, as PostgreSQL logged it. */
export interface SlowStatement {
  readonly ms: number;
  /** Whose connection it was, such as `reports`. */
  readonly by: string;
  readonly text: string;
  readonly plan: string;
}

/** Around the name of the connection in each line of the log: letters that nothing else in it has. */
const [begin, end] = ['¶', '¦'];

/** Has PostgreSQL log every statement of new connections that takes as long, with its plan. */
export async function logSlowStatements(client: pg.ClientBase, database: string, ms: number): Promise<void> {
  await client.query(`ALTER DATABASE ${database} SET session_preload_libraries = 'auto_explain'`);
  await client.query(`ALTER DATABASE ${database} SET auto_explain.log_min_duration = ${ms}`);
  await client.query(`ALTER DATABASE ${database} SET auto_explain.log_nested_statements = on`);
  await client.query(`ALTER SYSTEM SET log_line_prefix = '${begin}%a${end}'`);
  await client.query('SELECT pg_reload_conf()');
}

/** Reads what has been logged, from the directory with the data of the embedded server. */
export async function readSlowStatements(dataDir: string): Promise<SlowStatement[]> {
  const text = await readFile(join(dataDir, '../postgres-run/postgres.log'), 'utf8');
  return text.split(begin).flatMap(toSlowStatement);
}

function toSlowStatement(entry: string): SlowStatement[] {
  const [, by = '', duration = '', body = ''] =
    /^mevrik (\w+)[^¦]*¦LOG: {2}duration: ([\d.]+) ms {2}plan:\s+(.*)$/s.exec(entry) ?? [];
  if (!by) return [];
  const [, text = '', plan = ''] = /^Query Text: (.*?)\n\t(?=\S[^\n]*\(cost=)(.*)$/s.exec(body) ?? [];
  return [
    {
      ms: Number(duration),
      by,
      text: text
        .replace(/\s+/g, ' ')
        .replace(/ Query Parameters: .*/, '')
        .trim(),
      plan: plan.replaceAll('\n\t', '\n').trim(),
    },
  ];
}

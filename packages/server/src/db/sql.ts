import pg from 'pg';

/** The rows of a statement, and the number of rows it read or changed. */
export type Rows<Row> = Row[] & { readonly count: number };

/** A value in a statement's `${}`: a parameter, or another statement as a part of this one. */
export type SqlValue = string | number | boolean | null | readonly (string | number | null)[] | Statement;

/** A statement. It runs when it is awaited; inside another one it becomes a part of that one's text. */
// biome-ignore lint/suspicious/noExplicitAny: rows are what the statement says they are
export interface Statement<Row = any> extends Promise<Rows<Row>> {
  /** Appends text and parameters to a larger statement. */
  write(into: { text: string; readonly parameters: unknown[] }): void;
}

/** The form of rows: objects, or arrays for the query builder. */
export type RowMode = 'array' | undefined;
/** Runs a statement. */
export type Execute = (text: string, parameters: unknown[], rowMode?: RowMode) => Promise<pg.QueryResult>;

/**
 * Plain SQL on a connection or a pool: every value of the template is a parameter, never text. Instants are ISO 8601
 * strings and bigints are numbers; JSON parameters are given as text (`${JSON.stringify(value)}::jsonb`).
 */
export interface Sql {
  // biome-ignore lint/suspicious/noExplicitAny: rows are what the statement says they are
  <Result extends readonly unknown[] = any[]>(
    text: TemplateStringsArray,
    ...values: readonly SqlValue[]
  ): Statement<Result[number]>;
  /** Runs a text with `$1`, `$2` … for its parameters. Never put input into the text. */
  // biome-ignore lint/suspicious/noExplicitAny: rows are what the statement says they are
  unsafe<Row = any>(text: string, parameters?: readonly unknown[]): Promise<Rows<Row>>;
  readonly execute: Execute;
}

/** Creates SQL over a function that runs statements. */
export function sqlOn(execute: Execute): Sql {
  const run = async (text: string, parameters: unknown[]) => rowsOf(await execute(text, parameters));
  return Object.assign(
    (strings: TemplateStringsArray, ...values: readonly SqlValue[]) =>
      new LazyStatement(strings, values, run) as unknown as Statement,
    { execute, unsafe: (text: string, parameters: readonly unknown[] = []) => run(text, [...parameters]) },
  ) as Sql;
}

type Run = (text: string, parameters: unknown[]) => Promise<Rows<unknown>>;

class LazyStatement {
  readonly #strings: readonly string[];
  readonly #values: readonly SqlValue[];
  readonly #run: Run;
  #result: Promise<Rows<unknown>> | undefined;

  constructor(strings: readonly string[], values: readonly SqlValue[], run: Run) {
    this.#strings = strings;
    this.#values = values;
    this.#run = run;
  }

  write(into: { text: string; readonly parameters: unknown[] }): void {
    for (const [index, string] of this.#strings.entries()) {
      into.text += string;
      if (index === this.#values.length) return;
      const value = this.#values[index];
      if (value instanceof LazyStatement) value.write(into);
      else if (value === undefined) throw new TypeError('A value of a statement is undefined; use null.');
      else into.text += `$${into.parameters.push(value)}`;
    }
  }

  get #promise(): Promise<Rows<unknown>> {
    this.#result ??= this.#start();
    return this.#result;
  }

  async #start(): Promise<Rows<unknown>> {
    const complete = { text: '', parameters: [] };
    this.write(complete);
    return this.#run(complete.text, complete.parameters);
  }

  // biome-ignore lint/suspicious/noThenProperty: awaiting a statement runs it
  then(...handlers: Parameters<Promise<Rows<unknown>>['then']>) {
    return this.#promise.then(...handlers);
  }

  catch(...handlers: Parameters<Promise<Rows<unknown>>['catch']>) {
    return this.#promise.catch(...handlers);
  }

  finally(...handlers: Parameters<Promise<Rows<unknown>>['finally']>) {
    return this.#promise.finally(...handlers);
  }
}

function rowsOf({ rows, rowCount }: pg.QueryResult): Rows<unknown> {
  // Not enumerable, so that rows compare and print like a plain array.
  return Object.defineProperty(rows ?? [], 'count', { value: rowCount ?? 0 }) as Rows<unknown>;
}

/** The number of texts that are prepared on each connection; further texts are parsed each time. */
const maxPrepared = 2_000;
const prepared = new Map<string, string>();

const types = { getTypeParser };

/** The driver's form of a statement. One with parameters is prepared once per connection. */
export function queryConfig(text: string, values: unknown[], rowMode: RowMode): pg.QueryConfig {
  if (values.length === 0) return { text, types, rowMode } as pg.QueryConfig;
  let name = prepared.get(text);
  if (name === undefined && prepared.size < maxPrepared) {
    name = `s${prepared.size + 1}`;
    prepared.set(text, name);
  }
  return { name, text, values, types, rowMode } as pg.QueryConfig;
}

const bigint = 20;
const bigintArray = 1016;
const timestamptz = 1184;

function getTypeParser(type: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (type === bigint) return Number;
  if (type === timestamptz) return toIsoInstant;
  if (type === bigintArray) return (value) => value.slice(1, -1).split(',').filter(Boolean).map(Number);
  return pg.types.getTypeParser(type, format as 'text');
}

/** An instant as PostgreSQL writes it in UTC, `2026-01-31 09:00:00.12+00`, as ISO 8601 in milliseconds. */
function toIsoInstant(text: string): string {
  const [seconds, fraction = ''] = text.slice(11, -3).split('.');
  return `${text.slice(0, 10)}T${seconds}.${fraction.slice(0, 3).padEnd(3, '0')}Z`;
}

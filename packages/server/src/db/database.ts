import { setTimeout as delay } from 'node:timers/promises';
import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { rethrowAsDatabaseError } from './database-errors.ts';
import { type Execute, queryConfig, type Sql, sqlOn } from './sql.ts';

/** How to reach PostgreSQL: a URL, or its parts (a directory as the host means a Unix socket). */
export type DatabaseTarget =
  | { readonly url: string }
  | {
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly password: string;
      readonly database: string;
    };

/** Typed queries over the schema. */
export type Orm = ReturnType<typeof ormOn>;

/** SQL on a pool of connections. */
export interface PooledSql extends Sql {
  /**
   * Runs `work` in a transaction on a connection of its own, and commits. Statements that are not awaited one by one
   * are sent together.
   *
   * @param statementMs time limit of one statement in milliseconds; a minute when absent.
   * @throws what `work` throws, or why the commit failed; nothing has changed then.
   */
  begin<Result>(work: (sql: Sql) => Promise<Result>, statementMs?: number): Promise<Result>;
  /**
   * Runs reads that must agree with each other: all see the database as it was when the first one ran. They take one
   * connection together.
   */
  snapshot<Result>(read: (reader: Reader) => Promise<Result>): Promise<Result>;
}

/** Where queries read: a pool, a transaction, or a snapshot. */
export interface Reader {
  readonly sql: Sql;
  readonly orm: Orm;
}

/** A pool of connections. `sql` is for the log and the hot path, `orm` for everything else. */
export interface Database {
  readonly sql: PooledSql;
  readonly orm: Orm;
  /** Closes the connections; those still busy after five seconds are cut. */
  close(): Promise<void>;
}

/** The time limit for opening a connection. */
const connectMs = 10_000;
const closeMs = 5_000;
/** How long a transaction may wait for its next statement, unless its own limit is longer. */
const idleMs = 120_000;

/** The driver's options for a target. The session's time zone is UTC, which the parser of instants relies on. */
export function clientConfig(target: DatabaseTarget, applicationName: string): pg.ClientConfig {
  return {
    ...('url' in target ? { connectionString: target.url } : target),
    application_name: applicationName,
    options: '-c TimeZone=UTC',
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
  };
}

/**
 * Opens a pool of connections.
 *
 * @param options.onClose called when a connection is closed, by either side. With it, connections are kept
 *   for as long as they last; without it, they are renewed every hour.
 */
export function openDatabase(
  target: DatabaseTarget,
  options: { maxConnections: number; applicationName: string; onClose?: () => void },
): Database {
  const { onClose } = options;
  const clients = new Set<pg.Client>();
  const settings: pg.ClientConfig = {
    ...clientConfig(target, options.applicationName),
    statement_timeout: 60_000,
    lock_timeout: 30_000,
    idle_in_transaction_session_timeout: idleMs,
    pipeline: true,
  };
  const pool = new pg.Pool({
    max: options.maxConnections,
    idleTimeoutMillis: 0,
    ...(onClose ? {} : { maxLifetimeSeconds: 3600 }),
    // Not the pool's own timeout: that includes the wait for a free connection, which may be long without an error.
    Client: class extends pg.Client {
      constructor() {
        super(settings);
        clients.add(this);
        // The statement that uses the connection fails with the same error.
        this.on('error', () => {});
        this.on('end', () => {
          clients.delete(this);
          onClose?.();
        });
      }
    },
  });
  pool.on('error', () => {}); // an idle connection broke: the pool replaces it
  const sql = Object.assign(
    sqlOn((text, values, rowMode) =>
      pool.query(queryConfig(text, values, rowMode)).catch(rethrowAsDatabaseError),
    ),
    {
      begin: <Result>(work: (sql: Sql) => Promise<Result>, statementMs?: number) =>
        begin(pool, work, `BEGIN${limitsOf(statementMs)}`),
      snapshot: <Result>(read: (reader: Reader) => Promise<Result>) =>
        begin(
          pool,
          (sql) => read({ sql, orm: ormOn(sql) }),
          'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
        ),
    },
  );
  return {
    sql,
    orm: ormOn(sql),
    async close() {
      const ended = pool.end();
      const closing = new AbortController();
      const overdue = delay(closeMs, undefined, { signal: closing.signal }).then(
        () => {
          for (const client of clients) (client as unknown as Cuttable).connection.stream.destroy();
        },
        () => {
          // Aborted: all connections have ended in time.
        },
      );
      await ended;
      closing.abort();
      await overdue;
    },
  };
}

/** The driver's socket is private; there is no other way to cut a connection that is busy. */
interface Cuttable {
  readonly connection: { readonly stream: { destroy(): void } };
}

async function begin<Result>(
  pool: pg.Pool,
  work: (sql: Sql) => Promise<Result>,
  beginning: string,
): Promise<Result> {
  const client = await pool.connect().catch(rethrowAsDatabaseError);
  const execute: Execute = (text, values, rowMode) =>
    client.query(queryConfig(text, values, rowMode)).catch(rethrowAsDatabaseError);
  let broken: Error | undefined;
  try {
    // Not awaited here: it is sent together with the first statement, which fails if it does.
    const begun = execute(beginning, []);
    // Its failure is thrown below, or by the first statement.
    begun.catch(() => {});
    const result = await work(sqlOn(execute));
    await begun;
    const { command } = await execute('COMMIT', []);
    if (command !== 'COMMIT') throw new Error('A statement failed, so the transaction was rolled back.');
    return result;
  } catch (error) {
    await execute('ROLLBACK', []).catch((failure: Error) => {
      broken = failure;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

/** The statements that set the limits of a transaction. */
function limitsOf(statementMs: number | undefined): string {
  if (statementMs === undefined) return '';
  const limit = `; SET LOCAL statement_timeout = ${statementMs}`;
  // What waits for something else as long as a statement may take is not idle.
  return statementMs < idleMs
    ? limit
    : `${limit}; SET LOCAL idle_in_transaction_session_timeout = ${statementMs * 2}`;
}

/** The part of a pg client that the query builder uses. */
class BuilderClient {
  readonly #execute: Execute;

  constructor(execute: Execute) {
    this.#execute = execute;
  }

  /** Prepares the statement and parses its values as `Sql` does. */
  query(query: { readonly text: string; readonly rowMode?: 'array' }, values: unknown[]) {
    return this.#execute(query.text, values, query.rowMode);
  }
}

/** Typed queries on a pool or inside a transaction. */
export function ormOn(sql: Sql) {
  return drizzle(new BuilderClient(sql.execute) as unknown as pg.Client);
}

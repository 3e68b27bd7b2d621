import { setTimeout as delay } from 'node:timers/promises';
import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { CallerGoneError, goneCaller } from './caller.ts';
import type { ConnectionWatch } from './connection-watch.ts';
import {
  isDatabaseUnavailable,
  rethrowAsConnectionError,
  rethrowAsDatabaseError,
} from './database-errors.ts';
import { clientConfig, type DatabaseTarget } from './database-target.ts';
import { type Execute, queryConfig, type RowMode, type Sql, sqlOn } from './sql.ts';
import { WatchedClient } from './watched-client.ts';

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

const closeMs = 5_000;
/** How long a transaction may wait for its next statement, unless its own limit is longer. */
const idleMs = 120_000;

/** The options of a pool. */
export interface DatabaseOptions {
  readonly maxConnections: number;
  readonly applicationName: string;
  /** The time limit of a statement in milliseconds, unless a transaction has its own; a minute by default. */
  readonly statementMs?: number | undefined;
  /**
   * Statements whose caller has gone are cancelled, over a connection of this pool. Their own is closed: the cancellation
   * could come too late and hit another statement.
   */
  readonly cancelsOver?: Pick<Database, 'sql'> | undefined;
  /** Cuts dead connections, and has statements fail at once while the database is unreachable. */
  readonly watch?: ConnectionWatch | undefined;
  /**
   * Called when a connection is closed, by either side. With it, connections are kept for as long as they last; without
   * it, they are renewed every hour.
   */
  readonly onClose?: () => void;
}

/** Opens a pool of connections. */
export function openDatabase(target: DatabaseTarget, options: DatabaseOptions): Database {
  const { onClose, watch } = options;
  const clients = new Set<WatchedClient>();
  const settings: pg.ClientConfig = {
    ...clientConfig(target, options.applicationName),
    statement_timeout: options.statementMs ?? 60_000,
    lock_timeout: 30_000,
    idle_in_transaction_session_timeout: idleMs,
    pipeline: true,
  };
  const pool = new pg.Pool({
    max: options.maxConnections,
    idleTimeoutMillis: 0,
    ...(onClose ? {} : { maxLifetimeSeconds: 3600 }),
    // Not the pool's own timeout: that includes the wait for a free connection, which may be long without an error.
    Client: class extends WatchedClient {
      constructor() {
        super(settings);
        clients.add(this);
        watch?.add(this);
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
  const takeAny: TakeClient<WatchedClient & pg.PoolClient> = () => {
    const connect = () => pool.connect() as Promise<WatchedClient & pg.PoolClient>;
    return (watch ? watch.take(connect) : connect()).catch(rethrowAsConnectionError);
  };
  const { applicationName, cancelsOver: over } = options;
  const take = over
    ? () => takeWhileWanted(takeAny, (pid) => cancel(over.sql, pid, applicationName))
    : takeAny;
  const sql = Object.assign(
    sqlOn((text, values, rowMode) => runAlone(take, text, values, rowMode)),
    {
      begin: <Result>(work: (sql: Sql) => Promise<Result>, statementMs?: number) =>
        begin(take, work, `BEGIN${limitsOf(statementMs)}`),
      snapshot: <Result>(read: (reader: Reader) => Promise<Result>) =>
        begin(
          take,
          (sql) => read({ sql, orm: ormOn(sql) }),
          'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
        ),
    },
  );
  return {
    sql,
    orm: ormOn(sql),
    close: () => closePool(pool, clients),
  };
}

async function closePool(pool: pg.Pool, clients: ReadonlySet<WatchedClient>): Promise<void> {
  const ended = Promise.all([
    pool.end(),
    // The pool itself does not wait for all of them.
    ...[...clients].map((client) => new Promise<void>((resolve) => client.once('end', () => resolve()))),
  ]);
  const closing = new AbortController();
  const overdue = delay(closeMs, undefined, { signal: closing.signal }).then(
    () => {
      for (const client of clients) client.cut();
    },
    () => {
      // Aborted: all connections have ended in time.
    },
  );
  await ended;
  closing.abort();
  await overdue;
}

/** Takes a connection from a pool; waits for a free one. */
type TakeClient<Client = pg.PoolClient> = () => Promise<Client>;

/** Takes a connection for as long as the caller is there. @throws CallerGoneError if they left while it waited. */
async function takeWhileWanted(
  take: TakeClient<WatchedClient & pg.PoolClient>,
  cancel: (backendPid: number) => Promise<unknown>,
): Promise<pg.PoolClient> {
  const gone = goneCaller();
  if (!gone) return take();
  if (gone.aborted) throw new CallerGoneError();
  const client = await take();
  const release = client.release;
  const stop = () => {
    const pid = client.backendPid;
    client.cut();
    // Without it the statement would only run on until its time limit.
    if (pid !== undefined) cancel(pid).catch(() => {});
  };
  client.release = (error) => {
    gone.removeEventListener('abort', stop);
    release(error);
  };
  if (gone.aborted) {
    client.release();
    throw new CallerGoneError();
  }
  gone.addEventListener('abort', stop);
  return client;
}

/** Cancels what a server process does, if it is that of a connection of this name. */
async function cancel(sql: Sql, pid: number, applicationName: string): Promise<void> {
  // A connection pooler reports other numbers, which may be those of another server process.
  await sql`
    SELECT pg_cancel_backend(pid) FROM pg_stat_activity
    WHERE pid = ${pid} AND datname = current_database() AND usename = current_user
      AND application_name = ${applicationName}`;
}

async function runAlone(
  take: TakeClient,
  text: string,
  values: unknown[],
  rowMode: RowMode,
): Promise<pg.QueryResult> {
  const client = await take();
  let lost: Error | undefined;
  try {
    return await client.query(queryConfig(text, values, rowMode)).catch(rethrowAsDatabaseError);
  } catch (error) {
    // The server may have ended the connection before this end knows it.
    if (isDatabaseUnavailable(error)) lost = error as Error;
    throw error;
  } finally {
    client.release(lost);
  }
}

async function begin<Result>(
  take: TakeClient,
  work: (sql: Sql) => Promise<Result>,
  beginning: string,
): Promise<Result> {
  const client = await take();
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

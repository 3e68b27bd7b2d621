import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';

/** How to reach a PostgreSQL: an address, or the parts of one (a folder as host means a Unix socket). */
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

/** A pool of connections. `sql` is for the log and the hot path, `orm` for everything else. */
export interface Database {
  readonly sql: postgres.Sql;
  readonly orm: Orm;
  close(): Promise<void>;
}

/**
 * Opens a pool. Instants are ISO 8601 strings and bigints are numbers, in `sql` as in `orm`;
 * JSON parameters of `sql` are given as text (`${JSON.stringify(value)}::jsonb`).
 *
 * @param options.onClose called when a connection was closed, by either side. With it, connections are kept
 *   for as long as they last; without, they are renewed now and then.
 */
export function openDatabase(
  target: DatabaseTarget,
  options: { maxConnections: number; applicationName: string; onClose?: () => void },
): Database {
  const settings = {
    max: options.maxConnections,
    onnotice: () => {},
    connect_timeout: 10,
    ...(options.onClose ? { onclose: options.onClose, max_lifetime: null } : {}),
    types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
    connection: {
      application_name: options.applicationName,
      TimeZone: 'UTC',
      statement_timeout: 60_000,
      lock_timeout: 30_000,
      idle_in_transaction_session_timeout: 120_000,
    },
  };
  const sql = ('url' in target
    ? postgres(target.url, settings)
    : postgres({ ...target, ...settings })) as unknown as postgres.Sql;
  const orm = ormOn(sql);
  // Drizzle sets a client, each time it is given it, to hand instants through as PostgreSQL prints them; the API
  // speaks ISO 8601.
  Object.defineProperty(sql.options.parsers, 1184, { get: () => toIsoInstant, set() {} });
  return { sql, orm, close: () => sql.end({ timeout: 5 }) };
}

function toIsoInstant(text: string): string {
  return new Date(text).toISOString();
}

/** Typed queries on a client or inside a transaction. */
export function ormOn(client: postgres.Sql) {
  return drizzle(client);
}

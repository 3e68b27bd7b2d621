import type pg from 'pg';

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

/** The name of a backup's connections. Its transaction is open for as long as it takes. */
export const backupName = 'mevrik backup';

/** The time limit for opening a connection. */
const connectMs = 10_000;
/** After so long without traffic, the system checks every second whether the other end is still there. */
const keepAliveMs = 10_000;

/** The driver's options for a target. The session's time zone is UTC, which the parser of instants relies on. */
export function clientConfig(target: DatabaseTarget, applicationName: string): pg.ClientConfig {
  return {
    ...('url' in target ? { connectionString: target.url } : target),
    application_name: applicationName,
    options: '-c TimeZone=UTC',
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveMs,
  };
}

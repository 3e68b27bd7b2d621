import { openDatabase } from '../../packages/server/src/db/database.ts';
import type { Sql } from '../../packages/server/src/db/sql.ts';
import { appEnv, cleanUp, type RunningServer, setUp, startServer, temporaryDatabase } from './server.ts';

/** A channel as an administrator creates it. */
export interface NewChannel {
  readonly name: string;
  readonly kind: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A database whose servers are killed; another one continues their work. */
export interface Killed {
  readonly database: ReturnType<typeof openDatabase>;
  /** Starts a server. */
  start(): Promise<RunningServer>;
  /**
   * Starts the first server. Its app has the channel, and hands every conversation over. @returns the
   * administrator's token as well, which is valid on every later server.
   */
  first(channel: NewChannel): Promise<{ readonly server: RunningServer; readonly token: string }>;
  stop(): Promise<void>;
}

/** Prepares a database; `env` is added to the environment of its servers. */
export async function prepareKilled(env: Record<string, string>): Promise<Killed> {
  const { url, connection } = await temporaryDatabase();
  const database = openDatabase(connection, { maxConnections: 4, applicationName: 'test' });
  const start = () => startServer({ DATABASE_URL: url, LOG_LEVEL: 'warn', ...appEnv, ...env });
  return {
    database,
    start,
    async first({ name, kind, settings }) {
      const server = await start();
      const token = await setUp(server);
      const change = async (method: string, path: string, body: unknown) => {
        const answer = await server.call(method, `/v1/admin/apps/1${path}`, { token, body });
        if (answer.status !== 200) throw new Error(`${path} was refused: ${JSON.stringify(answer.body)}`);
      };
      // No request times out before the server is killed.
      const delivery = { firstDelayMs: 10, longestDelayMs: 50, timeoutMs: 120_000, doubtMs: 10, attempts: 4 };
      await change('PATCH', '', { settings: { welcome: false, caseOpenedText: 'In line.', delivery } });
      await change('PUT', '/rules', { rules: [{ name: 'all', when: 'true', action: 'queue' }] });
      await change('PUT', `/channels/${name}`, { kind, settings });
      return { server, token };
    },
    async stop() {
      await database.close();
      await cleanUp();
    },
  };
}

/** A lock in the database. */
export interface Held {
  /** The number of transactions that wait for it. */
  waiting(): Promise<number>;
  letGo(): void;
}

/** Locks something in the database until it is released. */
export async function hold({ sql }: Killed['database'], lock: (sql: Sql) => Promise<unknown>): Promise<Held> {
  let letGo = () => {};
  const wanted = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const pid = await new Promise<number>((resolve, reject) => {
    sql
      .begin(async (held) => {
        const [own] = await held<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
        await lock(held);
        resolve(own?.pid ?? 0);
        await wanted;
      })
      .catch(reject);
  });
  return {
    async waiting() {
      const [row] = await sql<{ count: number }[]>`
        SELECT count(*)::int FROM pg_stat_activity WHERE ${pid} = ANY (pg_blocking_pids(pid))`;
      return row?.count ?? 0;
    },
    letGo,
  };
}

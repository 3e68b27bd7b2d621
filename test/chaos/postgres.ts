import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../packages/server/src/db/database.ts';
import { type EmbeddedDatabase, startEmbedded } from '../../packages/server/src/db/embedded.ts';
import { migrate } from '../../packages/server/src/db/migrate.ts';
import { installPrograms } from '../support/system-programs.ts';

/** PostgreSQL for any number of runs, with a migrated database that each run copies. */
export interface ChaosPostgres extends Pick<EmbeddedDatabase, 'connection' | 'pid'> {
  readonly template: string;
}

/** Starts PostgreSQL in a directory; whenever it ends, it is started again until `stop`. */
async function startPostgres(directory: string): Promise<ChaosPostgres & { stop(): Promise<void> }> {
  const template = 'chaos_template';
  const log = { info() {}, warn() {} };
  const server = await startEmbedded({ dataDir: directory, log, maxConnections: 500, fsync: false });
  const admin = openDatabase(server.connection, { maxConnections: 1, applicationName: 'chaos' });
  try {
    await admin.sql.unsafe(`CREATE DATABASE ${template}`);
  } finally {
    await admin.close();
  }
  await migrate({ ...server.connection, database: template });
  const { connection } = server;
  return {
    connection,
    template,
    // Another one after it was started again.
    get pid() {
      return server.pid;
    },
    stop: () => server.stop(),
  };
}

/**
 * Installs what runs need, and starts PostgreSQL in a new directory, which also has room for logs. It is stopped when the
 * program is interrupted.
 *
 * @param name the beginning of the directory's name.
 */
export async function prepare(name: string) {
  await installPrograms();
  const directory = await mkdtemp(join(tmpdir(), name));
  // mkdtemp closes the directory to others; as root, PostgreSQL runs as another user.
  await chmod(directory, 0o711);
  const postgres = await startPostgres(join(directory, 'data'));
  // The nodes and Redis are in the terminal's process group and get the signal themselves; PostgreSQL is not.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void postgres.stop().finally(() => process.exit(1)));
  }
  return { directory, postgres };
}

import type { Config } from '../config/config.ts';
import type { DatabaseTarget } from '../db/database-target.ts';
import { startEmbedded } from '../db/embedded.ts';
import type { Sql } from '../db/sql.ts';
import type { Log } from '../observe/log.ts';
import type { Teardown } from './teardown.ts';

/**
 * Connections of a process besides twice `DATABASE_POOL` and `JOB_CONCURRENCY`: dispatch, apps, desk, panel, locks, other
 * jobs, queues, and a reserve.
 */
const otherConnections = 50;

/** The configured database, or the embedded one started with enough connections for all workers. */
export async function reachDatabase(config: Config, log: Log, teardown: Teardown): Promise<DatabaseTarget> {
  if (config.DATABASE_URL !== null) return config.DATABASE_URL;
  const embedded = await startEmbedded({
    dataDir: config.DATA_DIR,
    log: {
      info: (message) => log.info(message),
      warn: (message, err) => log.warn(err === undefined ? {} : { err }, message),
    },
    maxConnections: Math.max(
      200,
      20 + config.WORKERS * (2 * config.DATABASE_POOL + config.JOB_CONCURRENCY + otherConnections),
    ),
  });
  teardown.add('the database', () => embedded.stop());
  return embedded.connection;
}

/**
 * Warns when more processes than `own` use the database: without Redis each machine broadcasts only to its own
 * clients, which is correct for one machine and a hard-to-find error with two.
 */
export async function warnOfOtherNodes(sql: Sql, own: number, log: Log): Promise<void> {
  const [row] = await sql<{ nodes: number }[]>`
    SELECT count(*)::int AS nodes FROM nodes WHERE heartbeat_at > now() - interval '10 seconds'`;
  if (!row || row.nodes <= own) return;
  const advice = 'set REDIS_URL on all nodes, or clients will miss broadcasts from other nodes';
  log.warn({ nodes: row.nodes }, `other nodes use this database: ${advice}`);
}

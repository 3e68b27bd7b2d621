import cluster from 'node:cluster';
import { Duplex } from 'node:stream';
import { createSetupToken, setupUrl } from '../auth/setup-token.ts';
import { createBroker } from '../broadcast/bus/cluster-broker.ts';
import type { Product } from '../compose/product.ts';
import { reachDatabase, warnOfOtherNodes } from '../compose/reach-database.ts';
import { Teardown } from '../compose/teardown.ts';
import type { Config } from '../config/config.ts';
import { openDatabase } from '../db/database.ts';
import type { DatabaseTarget } from '../db/database-target.ts';
import { migrate } from '../db/migrate.ts';
import type { Sql } from '../db/sql.ts';
import type { Log } from '../observe/log.ts';
import { Crew } from './crew.ts';
import { brokerFd, type WorkersFailedError, workerMark } from './crew-messages.ts';
import { closeLostConnections } from './lost-connections.ts';

/** The options of the primary. */
export interface WorkersOptions {
  readonly config: Config;
  readonly log: Log;
  /** The file that worker processes run. */
  readonly program: string;
  /** Called when workers that have started cannot be kept running. */
  readonly onFailed: (error: WorkersFailedError) => void;
}

/**
 * Starts the product in `WORKERS` processes that share one port. This process, the primary, serves no requests: it
 * runs the embedded database, distributes connections round-robin, relays messages between workers, and replaces
 * workers that exit.
 *
 * @throws when a part cannot start; the parts started before it have been stopped.
 */
export async function startWorkers(options: WorkersOptions): Promise<Product> {
  const teardown = new Teardown(options.log);
  try {
    return await start(options, teardown);
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

async function start(
  { config, log, program, onFailed }: WorkersOptions,
  teardown: Teardown,
): Promise<Product> {
  const target = await reachDatabase(config, log, teardown);
  await migrate(target, { report: (message) => log.info(message) });
  const broker = createBroker();
  // WebSockets are long-lived. Of 400 connections, four workers get 100 each by round-robin, 30 to 207 by the kernel.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  cluster.setupPrimary({ exec: program, args: [], stdio: ['inherit', 'inherit', 'inherit', 'ipc', 'pipe'] });
  const crew = new Crew({
    count: config.WORKERS,
    target,
    log,
    onFailed,
    fork: () => {
      const worker = cluster.fork({ [workerMark]: '1' });
      closeLostConnections(worker);
      const stream = worker.process.stdio[brokerFd];
      if (stream instanceof Duplex) broker.connect(stream);
      return worker;
    },
  });
  teardown.add('the workers', () => crew.stop());
  process.once('exit', () => {
    // A second Ctrl+C during a stop kills the workers. After a crash of the primary they stop gracefully by themselves.
    if (crew.isStopping) crew.kill();
  });
  const url = await crew.start();
  const token = await withDatabase(target, async (sql) => {
    if (config.REDIS_URL === null) await warnOfOtherNodes(sql, config.WORKERS, log);
    return createSetupToken(sql);
  });
  let stopped: Promise<void> | undefined;
  return {
    url,
    setupUrl: token === null ? null : setupUrl(url, token),
    smtpPort: config.SMTP_PORT,
    stop() {
      stopped ??= teardown.run();
      return stopped;
    },
  };
}

async function withDatabase<Result>(
  target: DatabaseTarget,
  work: (sql: Sql) => Promise<Result>,
): Promise<Result> {
  const database = openDatabase(target, { maxConnections: 1, applicationName: 'mevrik start' });
  try {
    return await work(database.sql);
  } finally {
    await database.close();
  }
}

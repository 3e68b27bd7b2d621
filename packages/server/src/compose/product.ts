import { randomUUID } from 'node:crypto';
import { createSetupToken, setupUrl } from '../auth/setup-token.ts';
import type { ClusterBus } from '../broadcast/bus/cluster-bus.ts';
import type { Config } from '../config/config.ts';
import { ConnectionWatch } from '../db/connection-watch.ts';
import { type Database, type DatabaseOptions, openDatabase } from '../db/database.ts';
import type { DatabaseTarget } from '../db/database-target.ts';
import { migrate } from '../db/migrate.ts';
import { createRedisHints, type Hints, noHints } from '../dispatch/redis-hints.ts';
import { createApi } from '../http/server.ts';
import type { Log } from '../observe/log.ts';
import { createMetrics, type Metrics } from '../observe/metrics.ts';
import { createStatisticsCounter } from '../observe/statistics-counter.ts';
import { composeAccess } from './access.ts';
import { composeChannelRegistry } from './channel-registry.ts';
import { type CreateAdapters, channelAdapters } from './channels.ts';
import { watchDisk } from './disk.ts';
import { startDispatch } from './dispatch.ts';
import { emailDeps, startEmail } from './email.ts';
import { ensureApp } from './ensure-app.ts';
import { composeFiles, fileStoreOf } from './files.ts';
import { startGateway } from './gateway.ts';
import { watchHealth } from './health.ts';
import { httpConfig, startHttp } from './http.ts';
import { startJobs } from './jobs.ts';
import { publicUrlOf } from './public-url.ts';
import { deskDeps, startQueueNotifier } from './queue-notifier.ts';
import { reachDatabase, warnOfOtherNodes } from './reach-database.ts';
import { Teardown } from './teardown.ts';

/** The product, running in this process. */
export interface Product {
  /** The URL of the server, without a trailing slash. */
  readonly url: string;
  /** The one-time link to create the first administrator; `null` if there is one, and in workers. */
  readonly setupUrl: string | null;
  /** The SMTP port; `null` if it is not configured. */
  readonly smtpPort: number | null;
  /** Stops gracefully: rejects new requests, finishes those in progress, closes connections, stops the database. */
  stop(): Promise<void>;
}

/** What workers on one machine share; absent in a single process. */
export interface Shared {
  /** The database, already migrated. */
  readonly target: DatabaseTarget;
  readonly bus: ClusterBus;
}

/**
 * Starts the product: database, migrations, gateway, dispatch, jobs, HTTP.
 *
 * @throws when a part cannot start; the parts started before it have been stopped.
 */
export async function startProduct(
  config: Config,
  log: Log,
  shared?: Shared,
  createAdapters: CreateAdapters = channelAdapters,
): Promise<Product> {
  const teardown = new Teardown(log);
  try {
    return await start(config, log, teardown, createAdapters, shared);
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

async function start(
  config: Config,
  log: Log,
  teardown: Teardown,
  createAdapters: CreateAdapters,
  shared?: Shared,
): Promise<Product> {
  const databases = await openDatabases(config, log, teardown, shared);
  const { database, deskReads, reports } = databases;
  const { channels, emailKey } = await composeChannelRegistry({ config, database, teardown, createAdapters });
  const disk = await watchDisk(config, database, log, teardown);
  const common = { config, log, database, channels, disk, teardown };
  const access = await composeAccess({ ...common, open: databases.open });
  const { apps, authenticator } = access;
  const { bus, gateway, notify } = startGateway({ ...common, access, clusterBus: shared?.bus });
  const queueNotifier = startQueueNotifier({ ...common, apps, notify });
  const metrics = composeMetrics(shared?.bus);
  const counter = createStatisticsCounter();
  const { unitOfWork, workOn, dispatcher } = await startDispatch({
    ...common,
    ...databases,
    apps,
    authenticator,
    gateway,
    queueChanged: (appId, queue) => queueNotifier.queueChanged(appId, queue),
    notify,
    metrics,
    counter,
    connectHints: (onHint) => connectHints(config, log, onHint, shared?.bus),
  });
  await ensureApp({ ...common, unitOfWork });
  apps.forget();

  const api = createApi({ config: httpConfig(config), log });
  const publicUrl = publicUrlOf(config, api.server);
  const fileStore = fileStoreOf(config);
  const { files, fileAddresses } = await composeFiles(config, fileStore, database, apps, publicUrl);
  const email = emailDeps(database, files, emailKey);
  const desks = deskDeps(database, bus.occupancy, queueNotifier, config.AGENT_ABSENT_MINUTES);
  const work = { ...common, unitOfWork, email, metrics, notify };
  const jobRunner = await startJobs({ ...work, ...databases, workOn, apps, files, fileStore, desks });
  const smtpListener = await startEmail({ ...work, partitions: () => dispatcher.partitions() });
  const health = watchHealth({ ...work, dispatcher, jobRunner, gateway, bus, counter });
  await startHttp({
    ...work,
    deskReads,
    reports,
    access,
    files,
    fileAddresses,
    gateway,
    dispatcher,
    health,
    queueNotifier,
    smtpListener,
    api,
    publicUrl,
  });
  if (config.REDIS_URL === null && !shared) await warnOfOtherNodes(database.sql, 1, log);
  return runningProduct({
    url: publicUrl(),
    token: shared ? null : await createSetupToken(database.sql),
    smtpPort: smtpListener?.port ?? null,
    teardown,
  });
}

/** The database, and the pools of this process. */
interface Databases {
  readonly nodeId: string;
  readonly target: DatabaseTarget;
  readonly watch: ConnectionWatch;
  /** Opens a further pool; the teardown closes it. */
  readonly open: (name: string, maxConnections: number) => Database;
  /** The pool of requests. */
  readonly database: Database;
  /** The pool of what agents read at the desk: it takes no connection from customers, nor from their own replies. */
  readonly deskReads: Database;
  /** The pool of the panel, whose reads may be slow: they take no connection from customers and agents. */
  readonly reports: Database;
}

/** The share of the desk, and that of the panel: connections, and how long a statement may take in milliseconds. */
const readsShare = { maxConnections: 6, statementMs: 10_000 } as const;

/** Reaches the database, migrates it unless that was done before, and opens the pool of requests. */
async function openDatabases(
  config: Config,
  log: Log,
  teardown: Teardown,
  shared?: Shared,
): Promise<Databases> {
  const nodeId = randomUUID();
  const target = shared?.target ?? (await reachDatabase(config, log, teardown));
  const watch = new ConnectionWatch(target, log);
  teardown.add('the watch over the connections', () => watch.stop());
  const openWith = (name: string, options: Omit<DatabaseOptions, 'applicationName' | 'watch'>) => {
    const opened = openDatabase(target, {
      applicationName: `mevrik ${name} ${nodeId}`,
      watch,
      ...options,
    });
    teardown.add(`the connection pool ${name}`, () => opened.close());
    return opened;
  };
  const open = (name: string, maxConnections: number) => openWith(name, { maxConnections });
  const database = open('requests', config.DATABASE_POOL);
  const deskReads = openWith('desk', { ...readsShare, cancelsOver: database });
  const reports = openWith('reports', { ...readsShare, cancelsOver: database });
  if (!shared) await migrate(target, { report: (message) => log.info(message) });
  return { nodeId, target, watch, open, database, deskReads, reports };
}

function runningProduct({
  url,
  token,
  smtpPort,
  teardown,
}: Pick<Product, 'url' | 'smtpPort'> & {
  readonly token: string | null;
  readonly teardown: Teardown;
}): Product {
  let stopped: Promise<void> | undefined;
  return {
    url,
    setupUrl: token === null ? null : setupUrl(url, token),
    smtpPort,
    stop() {
      stopped ??= teardown.run();
      return stopped;
    },
  };
}

/** The metrics of this process; with other workers, each of them prints those of all. */
function composeMetrics(bus: ClusterBus | undefined): Metrics {
  if (!bus) return createMetrics();
  // A worker that has lost the others prints its own.
  const metrics = createMetrics((readOwn) => bus.metrics().catch(async () => [await readOwn()]));
  bus.provideMetrics(() => metrics.read());
  return metrics;
}

function connectHints(
  { REDIS_URL: url }: Config,
  log: Log,
  onHint: (partitions: readonly number[]) => void,
  bus?: ClusterBus,
): Hints {
  if (url !== null) return createRedisHints({ url, onHint, log });
  if (!bus) return noHints;
  bus.onHint(onHint);
  return { hint: (partitions) => bus.hint(partitions), async stop() {} };
}

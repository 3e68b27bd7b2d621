import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { type AppDirectory, createAppDirectory } from './apps/app-directory.ts';
import { createAccessTokens } from './auth/access-tokens.ts';
import { createAuthenticator } from './auth/authenticate.ts';
import { readOrCreateSecret } from './auth/secrets.ts';
import { createSetupToken } from './auth/setup-token.ts';
import { createLocalBus } from './broadcast/bus.ts';
import { createGateway, type Gateway } from './broadcast/gateway.ts';
import { createRedisBus } from './broadcast/redis-bus.ts';
import { gatewayRoutes } from './broadcast/routes.ts';
import { bringApp, registerApp } from './commands/register-app.ts';
import type { Config } from './config.ts';
import { type Database, type DatabaseTarget, openDatabase } from './db/database.ts';
import { startEmbedded } from './db/embedded.ts';
import { migrate } from './db/migrate.ts';
import type { DispatchObserver } from './dispatch/dispatch-options.ts';
import { createDispatcher, type Dispatcher, lockConnection } from './dispatch/dispatcher.ts';
import { createRedisHints, type Hints, noHints } from './dispatch/redis-hints.ts';
import { subscriptionsOf } from './dispatch/subscription.ts';
import { createSyncHandler } from './dispatch/sync-handler.ts';
import { withAccess } from './http/access.ts';
import { createHttpServer } from './http/server.ts';
import { jobs } from './jobs/index.ts';
import { startJobRunner } from './jobs/runner.ts';
import { listen } from './listeners/index.ts';
import type { ListenerNeeds } from './listeners/needs.ts';
import { createUnitOfWork, type UnitOfWork } from './log/unit-of-work.ts';
import { type AuditEntry, writeAudit } from './observe/audit.ts';
import type { Log } from './observe/log.ts';
import { createAccessFacts } from './queries/access-facts.ts';

/** The product, running in this process. */
export interface Product {
  /** Where it is reached, without a slash at the end. */
  readonly url: string;
  /** The one-time address at which the first administrator is made; `null` where there is one. */
  readonly setupUrl: string | null;
  /** Ends it in order: nothing new comes in, what is under way ends, connections are told, the database stops. */
  stop(): Promise<void>;
}

/** Undoes, in reverse order, what was started so far. */
class Teardown {
  readonly #steps: { readonly name: string; readonly undo: () => Promise<void> | void }[] = [];
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  add(name: string, undo: () => Promise<void> | void): void {
    this.#steps.push({ name, undo });
  }

  /** A step that fails is logged and stops none of the others. */
  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step.undo();
      } catch (error) {
        this.#log.error({ reason: String(error) }, `${step.name} did not stop in order`);
      }
    }
  }
}

/**
 * Starts the product: database, migrations, gateway, dispatch, jobs, HTTP.
 *
 * @throws when a part cannot start; what was started before it has been stopped again.
 */
export async function startProduct(config: Config, log: Log): Promise<Product> {
  const teardown = new Teardown(log);
  try {
    return await start(config, log, teardown);
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

async function start(config: Config, log: Log, teardown: Teardown): Promise<Product> {
  const nodeId = randomUUID();
  const target = await reachDatabase(config, log, teardown);
  const open = (name: string, maxConnections: number) => {
    const database = openDatabase(target, { maxConnections, applicationName: `mevrik ${name}` });
    teardown.add(`the connections of ${name}`, () => database.close());
    return database;
  };
  const database = open('requests', config.DATABASE_POOL);
  await migrate(database.sql);

  const apps = createAppDirectory(database);
  const accessTokens = createAccessTokens(await readOrCreateSecret(database.sql, 'access-token-key'), {
    customerSeconds: config.CUSTOMER_TOKEN_MINUTES * 60,
    agentSeconds: config.AGENT_TOKEN_MINUTES * 60,
  });
  const authenticator = createAuthenticator(database.sql, accessTokens);
  const authenticate = (header: string | undefined) => authenticator.authenticate(header);
  const audit = (entry: AuditEntry) => {
    writeAudit(database.sql, entry).catch((error) =>
      log.error({ ...entry, reason: String(error) }, 'an audit entry could not be written'),
    );
  };

  const bus = config.REDIS_URL === null ? createLocalBus() : createRedisBus({ url: config.REDIS_URL, log });
  teardown.add('the bus', () => bus.stop());
  const gateway = createGateway({
    apps,
    authenticate,
    facts: createAccessFacts(database.sql),
    audit,
    bus,
    log,
    config: {
      maxConnections: config.MAX_CONNECTIONS,
      cleanupIntervalMs: config.CHANNEL_CLEANUP_INTERVAL * 1000,
    },
  });
  teardown.add('the gateway', () => gateway.stop());

  const { unitOfWork, dispatcher } = await startDispatch({
    config,
    log,
    nodeId,
    target,
    apps,
    gateway,
    open,
    teardown,
    observe: { handled() {}, failed() {}, parked() {}, dead() {}, paused() {} },
  });
  await ensureApp(config, unitOfWork, database, log);
  apps.forget();
  const jobRunner = await startJobRunner({
    target,
    jobs,
    needs: { database, unitOfWork, apps, log },
    concurrency: config.JOB_CONCURRENCY,
  });
  teardown.add('the job queue', () => jobRunner.stop());
  const server = await createHttpServer({
    config: {
      bodyLimitBytes: config.BODY_LIMIT,
      trustProxy: config.TRUST_PROXY,
      rateLimitPerMinute: config.RATE_LIMIT,
      lagLimit: config.EVENT_LAG_LIMIT,
      corsOrigins:
        config.CORS_ORIGINS === '*' ? '*' : config.CORS_ORIGINS.split(',').map((origin) => origin.trim()),
      publicUrl: config.PUBLIC_URL,
    },
    database,
    unitOfWork,
    apps,
    authenticator,
    accessTokens,
    gateway,
    lag: () => dispatcher.lag(),
    audit,
    log,
    routes: [withAccess('public', gatewayRoutes({ apps, authenticate, gateway }))],
  });
  gateway.attach(server.server);
  teardown.add('the HTTP server', () => server.close());
  teardown.add('the connected clients', () => gateway.drain());
  await server.listen({ port: config.PORT, host: config.HOST });
  const { port } = server.server.address() as AddressInfo;
  const url = config.PUBLIC_URL?.replace(/\/$/, '') ?? `http://${hostForPeople(config.HOST)}:${port}`;
  const token = await createSetupToken(database.sql);
  let stopped: Promise<void> | undefined;
  return {
    url,
    setupUrl: token === null ? null : `${url}/setup?token=${token}`,
    stop() {
      stopped ??= teardown.run();
      return stopped;
    },
  };
}

/** An address that a browser on this machine can open. */
function hostForPeople(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

/** The database of the configuration, or the embedded one. */
async function reachDatabase(config: Config, log: Log, teardown: Teardown): Promise<DatabaseTarget> {
  if (config.DATABASE_URL !== null) return config.DATABASE_URL;
  const embedded = await startEmbedded({
    dataDir: config.DATA_DIR,
    log: { info: (message) => log.info(message), warn: (message) => log.warn(message) },
  });
  teardown.add('the database', () => embedded.stop());
  return embedded.connection;
}

interface DispatchParts {
  readonly config: Config;
  readonly log: Log;
  readonly nodeId: string;
  readonly target: DatabaseTarget;
  readonly apps: AppDirectory;
  readonly gateway: Gateway;
  readonly open: (name: string, maxConnections: number) => Database;
  readonly teardown: Teardown;
  readonly observe: DispatchObserver;
}

/** Unit of work and dispatcher, which know of each other: what one commits the other hands out. */
async function startDispatch(
  parts: DispatchParts,
): Promise<{ unitOfWork: UnitOfWork; dispatcher: Dispatcher }> {
  const { config, log, nodeId, target, apps, gateway, open, teardown, observe } = parts;
  const needs: ListenerNeeds = {
    apps,
    log,
    notify: (notices) => {
      if (config.EVENT_BROADCAST_ENABLED) gateway.publish(notices).catch(() => {});
    },
  };
  const sync = createSyncHandler(listen, needs, config.NODE_ENV);
  const hints = await startHints(config, log, (partitions) => dispatcher.hinted(partitions));
  teardown.add('the hints', () => hints.stop());
  const dispatcher = createDispatcher({
    options: {
      database: open('dispatch', dispatchConnections),
      nodeId,
      needs,
      environment: config.NODE_ENV,
      sync,
      maxConcurrentEvents: config.MAX_CONCURRENT_EVENTS,
      retries: config.EVENT_RETRY_ATTEMPTS,
      timeoutMs: config.EVENT_TIMEOUT * 1000,
      parkedLimit: config.EVENT_PARKED_LIMIT,
      ...dispatchTimes,
      log,
      observe,
    },
    subscriptions: subscriptionsOf(listen),
    openLockConnection: (onClose) => lockConnection(target, onClose),
    publish: config.EVENT_BROADCAST_ENABLED ? (messages) => gateway.publish(messages) : null,
    hint: (partitions) => hints.hint(partitions),
    inline: !config.EVENT_QUEUE_ENABLED,
  });
  await dispatcher.start();
  teardown.add('the dispatcher', () => dispatcher.stop());
  const unitOfWork = createUnitOfWork(open('work', config.DATABASE_POOL), sync, dispatcher.appended);
  return { unitOfWork, dispatcher };
}

/** Connections of the dispatcher: a batch each for as many partitions as four cores keep busy. */
const dispatchConnections = 12;

/** See the decisions on slow events and on ownership for why these. */
const dispatchTimes = {
  stallMs: 2_000,
  retryDelayMs: 1_000,
  pollMs: 1_000,
  heartbeatMs: 1_000,
  deadAfterMs: 5_000,
} as const;

async function startHints(
  config: Config,
  log: Log,
  onHint: (partitions: readonly number[]) => void,
): Promise<Hints> {
  return config.REDIS_URL === null ? noHints : createRedisHints({ url: config.REDIS_URL, onHint, log });
}

/** The app of the environment; or, on an empty database, one to begin with. */
async function ensureApp(
  config: Config,
  unitOfWork: UnitOfWork,
  database: Database,
  log: Log,
): Promise<void> {
  const { app } = config;
  if (app) {
    await unitOfWork.run((tx) => bringApp(tx, app));
    return;
  }
  const [known] = await database.sql`SELECT FROM apps LIMIT 1`;
  if (known) return;
  const made = await unitOfWork.run((tx) => registerApp(tx, { name: 'My first app' }));
  log.info({ appId: made.id, key: made.key }, 'an app was made to begin with');
}

import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createAppDirectory } from './apps/app-directory.ts';
import { createAccessTokens } from './auth/access-tokens.ts';
import { createAuthenticator } from './auth/authenticate.ts';
import { readOrCreateSecret } from './auth/secrets.ts';
import { createSetupToken } from './auth/setup-token.ts';
import { createLocalBus } from './broadcast/bus.ts';
import { createGateway } from './broadcast/gateway.ts';
import { createRedisBus } from './broadcast/redis-bus.ts';
import { gatewayRoutes } from './broadcast/routes.ts';
import { bringApp, registerApp } from './commands/register-app.ts';
import { startDispatch } from './compose-dispatch.ts';
import type { Config } from './config.ts';
import { type Database, type DatabaseTarget, openDatabase } from './db/database.ts';
import { startEmbedded } from './db/embedded.ts';
import { migrate } from './db/migrate.ts';
import { createDeadLetters } from './dispatch/dead-letters.ts';
import { createInspection } from './dispatch/inspection.ts';
import { withAccess } from './http/access.ts';
import { employmentRoutes } from './http/admin/agents.ts';
import { appRoutes } from './http/admin/apps.ts';
import { inspectionRoutes } from './http/admin/inspection.ts';
import type { HttpDependencies } from './http/http-dependencies.ts';
import { observationRoutes } from './http/observation.ts';
import { pageRoutes } from './http/pages.ts';
import { createHttpServer } from './http/server.ts';
import { jobs } from './jobs/index.ts';
import { startJobRunner } from './jobs/runner.ts';
import { listen } from './listeners/index.ts';
import type { UnitOfWork } from './log/unit-of-work.ts';
import { type AuditEntry, writeAudit } from './observe/audit.ts';
import type { HealthCheck } from './observe/health.ts';
import type { Log } from './observe/log.ts';
import { createMetrics } from './observe/metrics.ts';
import { createAccessFacts } from './queries/access-facts.ts';
import { Teardown } from './teardown.ts';

/** The product, running in this process. */
export interface Product {
  /** Where it is reached, without a slash at the end. */
  readonly url: string;
  /** The one-time address at which the first administrator is made; `null` where there is one. */
  readonly setupUrl: string | null;
  /** Ends it in order: nothing new comes in, what is under way ends, connections are told, the database stops. */
  stop(): Promise<void>;
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
    const database = openDatabase(target, { maxConnections, applicationName: `mevrik ${name} ${nodeId}` });
    teardown.add(`the connections of ${name}`, () => database.close());
    return database;
  };
  const database = open('requests', config.DATABASE_POOL);
  await migrate(target);

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

  const metrics = createMetrics();
  const { unitOfWork, dispatcher } = await startDispatch({
    config,
    log,
    nodeId,
    target,
    apps,
    gateway,
    open,
    teardown,
    observe: metrics.dispatch,
  });
  await ensureApp(config, unitOfWork, log);
  apps.forget();
  const jobRunner = await startJobRunner({
    target,
    jobs,
    needs: { database, unitOfWork, apps, log },
    concurrency: config.JOB_CONCURRENCY,
  });
  teardown.add('the job queue', () => jobRunner.stop());
  metrics.watch('mevrik_events_lag', 'Events that the slowest listener has before it.', () =>
    dispatcher.lag(),
  );
  metrics.watch('mevrik_events_in_flight', 'Events being handled.', () => dispatcher.inFlight());
  metrics.watch('mevrik_partitions', 'Partitions of this process.', () => dispatcher.partitions().length);
  metrics.watch('mevrik_connections', 'Connected clients.', () => gateway.inspect().connections);
  const http: HttpDependencies = {
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
    routes: [],
  };
  const inspection = createInspection(database, listen);
  const deadLetters = createDeadLetters(database, () => dispatcher.refresh());
  const checks: Readonly<Record<string, HealthCheck>> = {
    database: async () => {
      await database.sql`SELECT 1`;
      return { ok: true, detail: 'answers' };
    },
    events: () => ({ ok: dispatcher.lag() <= config.EVENT_LAG_LIMIT, detail: `${dispatcher.lag()} wait` }),
    jobs: () => ({ ok: jobRunner.isRunning(), detail: jobRunner.isRunning() ? 'run' : 'have stopped' }),
  };
  const server = await createHttpServer({
    ...http,
    onAnswered: metrics.request,
    routes: [
      withAccess('public', gatewayRoutes({ apps, authenticate, gateway })),
      appRoutes(http),
      employmentRoutes(http),
      inspectionRoutes({ database, inspection, deadLetters, inspectGateway: gateway.inspect }),
      observationRoutes({ checks, metrics, metricsToken: config.METRICS_TOKEN }),
      pageRoutes(http),
    ],
  });
  gateway.attach(server.server);
  teardown.add('the HTTP server', () => server.close());
  teardown.add('the connected clients', () => gateway.drain());
  await server.listen({ port: config.PORT, host: config.HOST });
  const { port } = server.server.address() as AddressInfo;
  const url = config.PUBLIC_URL?.replace(/\/$/, '') ?? `http://${hostForPeople(config.HOST)}:${port}`;
  if (config.REDIS_URL === null) await warnOfOtherNodes(database, log);
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

/** Without Redis every node broadcasts to its own clients only: fine for one, and hard to find out with two. */
async function warnOfOtherNodes({ sql }: Database, log: Log): Promise<void> {
  const [row] = await sql<{ nodes: number }[]>`
    SELECT count(*)::int AS nodes FROM nodes WHERE heartbeat_at > now() - interval '10 seconds'`;
  if (!row || row.nodes < 2) return;
  const advice = 'set REDIS_URL on all of them, or clients miss what the other nodes broadcast';
  log.warn({ nodes: row.nodes }, `other nodes use this database: ${advice}`);
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

/** Any number that nobody else on the database uses for advisory locks. */
const appLock = 7_364_102;

/** The app of the environment; or, on an empty database, one to begin with. Of several nodes one makes it. */
async function ensureApp(config: Config, unitOfWork: UnitOfWork, log: Log): Promise<void> {
  const { app } = config;
  const made = await unitOfWork.run(async (tx) => {
    await tx.sql`SELECT pg_advisory_xact_lock(${appLock})`;
    if (app) {
      await bringApp(tx, app);
      return undefined;
    }
    const [known] = await tx.sql`SELECT FROM apps LIMIT 1`;
    return known ? undefined : registerApp(tx, { name: 'My first app' });
  });
  if (made) log.info({ appId: made.id, key: made.key }, 'an app was made to begin with');
}

import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createAppDirectory } from '../apps/app-directory.ts';
import { type AuditEntry, writeAudit } from '../audit/audit.ts';
import { createAccessTokens } from '../auth/access-tokens.ts';
import { createAuthenticator } from '../auth/authenticate.ts';
import { readOrCreateSecret } from '../auth/secrets.ts';
import { createSetupToken } from '../auth/setup-token.ts';
import { createLocalBus } from '../broadcast/bus/bus.ts';
import type { ClusterBus } from '../broadcast/bus/cluster-bus.ts';
import { createRedisBus } from '../broadcast/bus/redis-bus.ts';
import { createGateway } from '../broadcast/gateway.ts';
import { gatewayRoutes } from '../broadcast/routes.ts';
import type { ChannelAdapter } from '../channels/channel.ts';
import { createSmtpSender } from '../channels/email/smtp-sender.ts';
import { type ChannelRegistry, createChannelRegistry } from '../channels/registry.ts';
import type { Config } from '../config/config.ts';
import { type DatabaseTarget, openDatabase } from '../db/database.ts';
import { migrate } from '../db/migrate.ts';
import { createAlarm } from '../delivery/alarm.ts';
import { wakeDeliveries } from '../delivery/enqueue-delivery.ts';
import { createBroadcastHistory } from '../dispatch/broadcast-history.ts';
import { createDeadLetters } from '../dispatch/inspect/dead-letters.ts';
import { createInspection } from '../dispatch/inspect/inspection.ts';
import { createRedisHints, type Hints, noHints } from '../dispatch/redis-hints.ts';
import { createReplays } from '../dispatch/replay/replays.ts';
import { subscriptionsOf } from '../dispatch/subscription.ts';
import { withAccess } from '../http/access.ts';
import { employmentRoutes } from '../http/admin/agents.ts';
import { appBotRoutes } from '../http/admin/app-bot.ts';
import { appRuleRoutes } from '../http/admin/app-rules.ts';
import { appRoutes } from '../http/admin/apps.ts';
import { auditRoutes } from '../http/admin/audit.ts';
import { channelRoutes } from '../http/admin/channels.ts';
import { gatewayInspectionRoutes } from '../http/admin/connections.ts';
import { deliveryRecordRoutes, webhookRecordRoutes } from '../http/admin/deliveries.ts';
import { diagnosisRoutes } from '../http/admin/diagnosis.ts';
import { emailRecordRoutes } from '../http/admin/emails.ts';
import { inspectionRoutes } from '../http/admin/events.ts';
import { healthRoutes } from '../http/admin/health.ts';
import { queueStateRoutes } from '../http/admin/queues.ts';
import { replayRoutes } from '../http/admin/replays.ts';
import { emailRoutes } from '../http/desk/emails.ts';
import type { HttpDeps } from '../http/http-deps.ts';
import { observationRoutes } from '../http/pages/observation.ts';
import { pageRoutes } from '../http/pages/pages.ts';
import { createHttpServer } from '../http/server.ts';
import { deliveryJobs, jobs } from '../jobs/index.ts';
import { startJobRunner } from '../jobs/runner.ts';
import { listen } from '../listeners/index.ts';
import { listNotice } from '../live/delivery-notices.ts';
import { notifier } from '../live/publisher.ts';
import { thinLists } from '../live/throttle-lists.ts';
import type { Log } from '../observe/log.ts';
import { createMetrics } from '../observe/metrics.ts';
import { createStatisticsCounter } from '../observe/statistics-counter.ts';
import { createAccessFacts } from '../queries/access-facts.ts';
import { channelAdapters } from './channels.ts';
import { startDispatch } from './dispatch.ts';
import { emailDeps, mailServerOf, startEmail } from './email.ts';
import { ensureApp } from './ensure-app.ts';
import { composeFiles } from './files.ts';
import { watchHealth } from './health.ts';
import { reachDatabase, warnOfOtherNodes } from './reach-database.ts';
import { composeReception, deskDeps } from './reception.ts';
import { Teardown } from './teardown.ts';

/** The product, running in this process. */
export interface Product {
  /** Where it is reached, without a slash at the end. */
  readonly url: string;
  /** The one-time address at which the first administrator is made; `null` where there is one, and in workers. */
  readonly setupUrl: string | null;
  /** The port on which mails are received; `null` where none are. */
  readonly mailPort: number | null;
  /** Ends it in order: nothing new comes in, what is under way ends, connections are told, the database stops. */
  stop(): Promise<void>;
}

/** What a worker has in common with the others of its machine; a process by itself has nothing of it. */
export interface Shared {
  /** The database, which is up to date. */
  readonly target: DatabaseTarget;
  readonly bus: ClusterBus;
}

/**
 * Starts the product: database, migrations, gateway, dispatch, jobs, HTTP.
 *
 * @throws when a part cannot start; what was started before it has been stopped again.
 */
export async function startProduct(
  config: Config,
  log: Log,
  shared?: Shared,
  adapters: readonly ChannelAdapter[] = channelAdapters,
): Promise<Product> {
  const teardown = new Teardown(log);
  try {
    return await start(config, log, teardown, createChannelRegistry(adapters), shared);
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

async function start(
  config: Config,
  log: Log,
  teardown: Teardown,
  channels: ChannelRegistry,
  shared?: Shared,
): Promise<Product> {
  const nodeId = randomUUID();
  const target = shared?.target ?? (await reachDatabase(config, log, teardown));
  const open = (name: string, maxConnections: number) => {
    const database = openDatabase(target, { maxConnections, applicationName: `mevrik ${name} ${nodeId}` });
    teardown.add(`the connections of ${name}`, () => database.close());
    return database;
  };
  const database = open('requests', config.DATABASE_POOL);
  if (!shared) await migrate(target);

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

  const history = createBroadcastHistory({
    sql: database.sql,
    maxEvents: config.RECOVERY_MAX_EVENTS,
    maxAgeSeconds: config.RECOVERY_MAX_AGE,
  });
  const bus =
    config.REDIS_URL === null
      ? (shared?.bus ?? createLocalBus())
      : createRedisBus({ url: config.REDIS_URL, log, history });
  teardown.add('the bus', () => bus.stop());
  const gateway = createGateway({
    apps,
    authenticate,
    facts: createAccessFacts(database.sql),
    audit,
    bus,
    history,
    log,
    onConnectionsChanged: (appId) => void telling.publish([listNotice(appId, 'connections')]).catch(() => {}),
    config: {
      maxConnections: config.MAX_CONNECTIONS,
      maxConnectionsPerAddress: config.MAX_CONNECTIONS_PER_ADDRESS || null,
      trustProxy: config.TRUST_PROXY,
      compression: config.COMPRESSION,
      cleanupIntervalMs: config.CHANNEL_CLEANUP_INTERVAL * 1000,
    },
  });
  teardown.add('the gateway', () => gateway.stop());
  const telling = { publish: thinLists(gateway.publish) };
  const reception = composeReception(database, apps, channels, gateway, log, teardown);

  const metrics = createMetrics(
    shared && (() => shared.bus.metrics().catch(async () => [await metrics.read()])),
  );
  shared?.bus.provideMetrics(() => metrics.read());
  const counter = createStatisticsCounter();
  const { unitOfWork, dispatcher } = await startDispatch({
    config,
    log,
    nodeId,
    target,
    apps,
    channels,
    gateway,
    queueChanged: reception.queueChanged,
    telling,
    open,
    teardown,
    metrics,
    counter,
    connectHints: (onHint) => connectHints(config, log, onHint, shared?.bus),
  });
  await ensureApp(config, unitOfWork, log);
  apps.forget();
  let url = urlOf(config, config.PORT);
  const { files, fileAddresses } = await composeFiles(config, database, apps, () => url);
  const email = await emailDeps(database, files);
  const smtpSender = createSmtpSender();
  teardown.add('the connections to mail servers', async () => smtpSender.close());
  const alarm = createAlarm((keys) => wakeDeliveries(database, keys));
  teardown.add('the alarm of deliveries', async () => alarm.stop());
  const deps = {
    database,
    unitOfWork,
    apps,
    channels,
    log,
    alarm,
    countAttempt: metrics.attempt,
    services: {
      graphUrl: config.GRAPH_API_URL,
      email: { signingKey: email.signingKey, sender: smtpSender },
      files,
    },
    files,
    desks: deskDeps(database, bus.occupancy, reception, config.AGENT_ABSENT_MINUTES),
    fetchesPrivate: config.FETCH_PRIVATE_ADDRESSES,
    email,
    emailAttempts: config.MAIL_ATTEMPTS,
    recordDays: config.RECORD_RETENTION_DAYS,
    notify: notifier({ gateway: telling, log }),
  };
  const jobRunner = await startJobRunner({ target, jobs, deps, concurrency: config.JOB_CONCURRENCY });
  teardown.add('the job queue', () => jobRunner.stop());
  const sender = { target, jobs: deliveryJobs, deps, concurrency: config.DELIVERY_CONCURRENCY };
  const deliveryRunner = await startJobRunner(sender);
  teardown.add('the deliveries', () => deliveryRunner.stop());
  const smtpListener = await startEmail({
    config,
    log,
    database,
    unitOfWork,
    email,
    teardown,
    partitions: () => dispatcher.partitions(),
  });
  const { look, observed, checks } = watchHealth({
    config,
    log,
    database,
    dispatcher,
    jobRunner,
    gateway,
    counter,
    metrics,
    teardown,
  });
  const http: HttpDeps = {
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
    channels,
    authenticator,
    accessTokens,
    files,
    fileAddresses,
    gateway: telling,
    reception,
    lag: () => dispatcher.lag(),
    audit,
    log,
    routes: [],
  };
  const inspection = createInspection(database, listen);
  const deadLetters = createDeadLetters(database, () => dispatcher.refresh());
  const replays = createReplays({
    database,
    subscriptions: subscriptionsOf(listen),
    environment: config.NODE_ENV,
    changed: () => dispatcher.refresh(),
  });
  const server = await createHttpServer({
    ...http,
    onResponse: metrics.request,
    routes: [
      withAccess('public', gatewayRoutes({ apps, authenticate, gateway })),
      appRoutes(http),
      appRuleRoutes(http),
      appBotRoutes(http),
      auditRoutes(http),
      queueStateRoutes(http),
      channelRoutes({
        ...http,
        services: deps.services,
        mailServer: mailServerOf(config, smtpListener),
        url: () => url,
      }),
      employmentRoutes(http),
      emailRoutes(http),
      emailRecordRoutes(http),
      deliveryRecordRoutes(http),
      webhookRecordRoutes(http),
      inspectionRoutes({ database, inspection, deadLetters }),
      diagnosisRoutes({ ...http, inspection }),
      healthRoutes({ database, checkParts: look, observed }),
      replayRoutes(replays),
      gatewayInspectionRoutes({ gateway, audit }),
      observationRoutes({ checks, metrics, metricsToken: config.METRICS_TOKEN }),
      pageRoutes(http),
    ],
  });
  gateway.attach(server.server);
  teardown.add('the HTTP server', () => server.close());
  teardown.add('the connected clients', () => gateway.drain());
  await server.listen({ port: config.PORT, host: config.HOST });
  const { port } = server.server.address() as AddressInfo;
  url = urlOf(config, port);
  if (config.REDIS_URL === null && !shared) await warnOfOtherNodes(target, 1, log);
  const token = shared ? null : await createSetupToken(database.sql);
  let stopped: Promise<void> | undefined;
  return {
    url,
    setupUrl: token === null ? null : setupUrl(url, token),
    mailPort: smtpListener?.port ?? null,
    stop() {
      stopped ??= teardown.run();
      return stopped;
    },
  };
}

/** The address at which a token of the set-up is used. */
export function setupUrl(url: string, token: string): string {
  return `${url}/setup?token=${token}`;
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

function urlOf({ PUBLIC_URL: given, HOST: host }: Config, port: number): string {
  return given?.replace(/\/$/, '') ?? `http://${hostForPeople(host)}:${port}`;
}

/** An address that a browser on this machine can open. */
function hostForPeople(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

import type { FileAddresses } from '../attachments/file-address.ts';
import type { Files } from '../attachments/files.ts';
import type { Gateway } from '../broadcast/gateway.ts';
import { gatewayRoutes } from '../broadcast/routes.ts';
import type { SmtpListener } from '../channels/email/smtp-listener.ts';
import type { ChannelRegistry } from '../channels/registry.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import { createDeadLetters } from '../dispatch/inspect/dead-letters.ts';
import { createInspection } from '../dispatch/inspect/inspection.ts';
import { createReplays } from '../dispatch/replay/replays.ts';
import { subscriptionsOf } from '../dispatch/subscription.ts';
import { withAccess } from '../http/access.ts';
import { agentAdminRoutes } from '../http/admin/agents.ts';
import { appBotRoutes } from '../http/admin/app-bot.ts';
import { appRuleRoutes } from '../http/admin/app-rules.ts';
import { appRoutes } from '../http/admin/apps.ts';
import { auditRoutes } from '../http/admin/audit.ts';
import { channelRoutes } from '../http/admin/channels.ts';
import { gatewayInspectionRoutes } from '../http/admin/connections.ts';
import { deliveryRecordRoutes, webhookRecordRoutes } from '../http/admin/deliveries.ts';
import { diagnosisRoutes } from '../http/admin/diagnosis.ts';
import { emailRecordRoutes } from '../http/admin/emails.ts';
import { eventArchiveRoutes } from '../http/admin/event-archive.ts';
import { inspectionRoutes } from '../http/admin/events.ts';
import { healthRoutes } from '../http/admin/health.ts';
import { queueStateRoutes } from '../http/admin/queues.ts';
import { replayRoutes } from '../http/admin/replays.ts';
import { emailRoutes } from '../http/desk/emails.ts';
import { addDrain } from '../http/drain-requests.ts';
import type { Api, HttpConfig, HttpDeps, RoutePlugin } from '../http/http-deps.ts';
import { observationRoutes } from '../http/pages/observation.ts';
import { pageRoutes } from '../http/pages/pages.ts';
import { addRoutes } from '../http/server.ts';
import { listen } from '../listeners/index.ts';
import type { Notify } from '../live/notice.ts';
import type { QueueNotifier } from '../live/queue-notifier.ts';
import type { UnitOfWork } from '../log/unit-of-work.ts';
import type { DiskSpace } from '../observe/disk-space.ts';
import type { Log } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { AccessPart } from './access.ts';
import { mailServerOf } from './email.ts';
import type { HealthWatch } from './health.ts';
import type { Teardown } from './teardown.ts';

/** The dependencies of `startHttp`. */
export interface HttpPartDeps {
  readonly config: Config;
  readonly log: Log;
  readonly database: Database;
  /** The pool of what agents read at the desk. */
  readonly deskReads: Database;
  /** The pool of the panel. */
  readonly reports: Database;
  readonly unitOfWork: UnitOfWork;
  readonly access: AccessPart;
  readonly channels: ChannelRegistry;
  readonly files: Files;
  readonly fileAddresses: FileAddresses;
  readonly gateway: Gateway;
  readonly dispatcher: Dispatcher;
  readonly disk: DiskSpace;
  readonly health: HealthWatch;
  readonly metrics: Metrics;
  readonly notify: Notify;
  readonly queueNotifier: QueueNotifier;
  readonly smtpListener: SmtpListener | null;
  /** The server, without routes yet. */
  readonly api: Api;
  readonly publicUrl: () => string;
  readonly teardown: Teardown;
}

/**
 * Connections that the system accepts while this process is busy, as when all clients come back at the same time after a
 * restart. Of more, the first packets are dropped, and their clients wait for seconds before they send them again.
 */
const acceptedAhead = 4_096;

/** Adds all routes to the HTTP server, connects the gateway to it, and listens. */
export async function startHttp(deps: HttpPartDeps): Promise<void> {
  const { api, config, gateway, metrics, teardown } = deps;
  const http = httpDeps(deps);
  const drain = addDrain(api);
  await addRoutes(api, { ...http, onResponse: metrics.request, routes: routesOf(http, deps) });
  gateway.attach(api.server);
  teardown.add('the HTTP server', () => api.close());
  teardown.add('the connected clients', async () => {
    await Promise.all([drain(), gateway.drain()]);
  });
  await api.listen({ port: config.PORT, host: config.HOST, backlog: acceptedAhead });
}

function httpDeps(deps: HttpPartDeps): HttpDeps {
  return {
    config: httpConfig(deps.config),
    database: deps.database,
    deskReads: deps.deskReads,
    unitOfWork: deps.unitOfWork,
    apps: deps.access.apps,
    channels: deps.channels,
    authenticator: deps.access.authenticator,
    accessTokens: deps.access.accessTokens,
    files: deps.files,
    fileAddresses: deps.fileAddresses,
    notify: deps.notify,
    queueNotifier: deps.queueNotifier,
    lag: () => deps.dispatcher.lag(),
    isDiskLow: deps.disk.isLow,
    audit: deps.access.audit,
    log: deps.log,
    routes: [],
  };
}

/** How the HTTP server behaves with these settings. */
export function httpConfig(config: Config): HttpConfig {
  const origins = config.CORS_ORIGINS;
  return {
    bodyLimitBytes: config.BODY_LIMIT,
    trustProxy: config.TRUST_PROXY,
    rateLimitPerMinute: config.RATE_LIMIT,
    lagLimit: config.EVENT_LAG_LIMIT,
    corsOrigins: origins === '*' ? '*' : origins.split(',').map((origin) => origin.trim()),
    publicUrl: config.PUBLIC_URL,
  };
}

function routesOf(http: HttpDeps, deps: HttpPartDeps): readonly RoutePlugin[] {
  const { config, reports, access, gateway, dispatcher, health, metrics } = deps;
  const { apps, authenticator, audit } = access;
  const panel: HttpDeps = { ...http, database: reports };
  const inspection = createInspection(reports, listen, config.EVENT_BROADCAST_ENABLED);
  const deadLetters = createDeadLetters(reports, () => dispatcher.refresh());
  const replays = createReplays({
    database: reports,
    subscriptions: subscriptionsOf(listen),
    environment: config.NODE_ENV,
    changed: () => dispatcher.refresh(),
  });
  const authenticate = (header: string | undefined) => authenticator.authenticate(header);
  return [
    withAccess('public', gatewayRoutes({ apps, authenticate, gateway })),
    appRoutes(panel),
    appRuleRoutes(panel),
    appBotRoutes(panel),
    auditRoutes(panel),
    queueStateRoutes(panel),
    channelRoutes({
      ...panel,
      mailServer: mailServerOf(config, deps.smtpListener),
      url: deps.publicUrl,
    }),
    agentAdminRoutes(panel),
    emailRoutes(http),
    emailRecordRoutes(panel),
    deliveryRecordRoutes(panel),
    webhookRecordRoutes(panel),
    inspectionRoutes({ database: reports, inspection, deadLetters }),
    diagnosisRoutes({ ...panel, inspection }),
    healthRoutes({ database: reports, checkParts: health.check, observed: health.observed }),
    eventArchiveRoutes({ database: reports, unitOfWork: deps.unitOfWork }),
    replayRoutes(replays),
    gatewayInspectionRoutes({ gateway, audit }),
    observationRoutes({ checks: health.checks, metrics, metricsToken: config.METRICS_TOKEN }),
    pageRoutes(http),
  ];
}

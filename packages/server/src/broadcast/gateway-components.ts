import type { Server } from 'node:http';
import { onceRead } from '../domain/deadline.ts';
import { describeIdentity } from './access/access.ts';
import { GrantWatch } from './access/grant-watch.ts';
import { RejectionAudit } from './access/rejection-audit.ts';
import type { Grant } from './bus/broadcast-message.ts';
import { Traffic } from './bus/rate-meter.ts';
import { type GatewayConfig, gatewayDefaults } from './gateway-config.ts';
import type { GatewayDeps } from './gateway-deps.ts';
import { createGatewayInspection, type GatewayInspection } from './inspect/gateway-inspection.ts';
import { NodeSurvey } from './inspect/node-survey.ts';
import { Connections } from './sockets/connections.ts';
import { closeOfDisabledApps, revokeSocket, terminateUser } from './sockets/disconnect.ts';
import { Hub } from './sockets/hub.ts';
import { reloadClients } from './sockets/missed-messages.ts';
import { TopicWatch } from './webhooks/topic-watch.ts';
import { WebhookSender } from './webhooks/webhook-sender.ts';

/** The components of a gateway, connected to each other. */
export interface GatewayComponents {
  readonly deps: GatewayDeps;
  readonly config: GatewayConfig;
  readonly hub: Hub;
  readonly sender: WebhookSender;
  readonly watch: TopicWatch;
  readonly connections: Connections;
  readonly grants: GrantWatch;
  readonly rejections: RejectionAudit;
  readonly inspection: GatewayInspection;
  readonly survey: NodeSurvey;
  /** The HTTP servers whose WebSocket upgrades are handled. */
  readonly servers: Set<Server>;
  /** Ends each open tap when the node shuts down. */
  readonly taps: Set<() => void>;
}

/** Creates the components of a gateway; nothing is received yet. */
export function createGatewayComponents(deps: GatewayDeps): GatewayComponents {
  const config = { ...gatewayDefaults, ...deps.config };
  const traffic = new Traffic();
  const hub = new Hub(deps.bus, traffic, config.maxBufferedBytes);
  const sender = new WebhookSender(deps.log, traffic, config);
  const watch = new TopicWatch({ ...deps, sender, lingerMs: config.lingerMs });
  const rejections = new RejectionAudit(deps.audit);
  const connections = new Connections({ ...deps, config, hub, traffic, watch, rejections });
  const grants = new GrantWatch({
    ...deps,
    recheckMs: config.recheckMs,
    revoke: (appId, socketId) => revokeSocket(connections.sockets, appId, socketId),
  });
  const inspection = createGatewayInspection({ hub, traffic, sockets: connections.sockets });
  const survey = new NodeSurvey(deps.bus, inspection.state);
  return {
    deps,
    config,
    hub,
    sender,
    watch,
    connections,
    grants,
    rejections,
    inspection,
    survey,
    servers: new Set(),
    taps: new Set(),
  };
}

/** Handles the messages that arrive over the bus. */
export function receiveFromBus(components: GatewayComponents): void {
  const { deps, config, hub, survey, connections } = components;
  deps.bus.receive(
    (message) => {
      if ('terminateUser' in message) terminateUser(connections.sockets, message);
      else if ('grant' in message) watchOwnGrant(components, message.grant);
      else if ('surveyRequest' in message || 'surveyAnswer' in message) survey.receive(message);
      else hub.deliver(message);
    },
    () => reloadClients(connections, config.drainMs),
  );
}

/**
 * Watches a grant if this node has its connection; other nodes forward theirs.
 * @returns whether this node has it.
 */
export function watchOwnGrant({ connections, grants, rejections }: GatewayComponents, grant: Grant): boolean {
  const { appId, socketId, principal } = grant;
  if (connections.sockets.get(socketId)?.app.id !== appId) return false;
  rejections.identify(appId, socketId, describeIdentity(principal));
  grants.add(grant);
  return true;
}

/** Starts the periodic checks and cleanups. @returns how they are stopped. */
export function startPeriodicWork({ deps, config, hub, watch, connections }: GatewayComponents): () => void {
  const { apps, bus, log } = deps;
  const recheck = setInterval(() => {
    closeOfDisabledApps(connections.sockets, apps).catch((error: unknown) => {
      log.warn({ err: error }, 'failed to recheck disabled apps; retrying later');
    });
  }, config.recheckMs).unref();
  const checkAll = () => {
    const now = performance.now();
    for (const socket of connections.sockets.values()) socket.check(now);
  };
  const sweep = setInterval(() => onceRead(checkAll), sweepMs(config)).unref();
  const cleanup = setInterval(() => {
    hub.sweep();
    bus.cache.sweep();
    watch.sweep().catch((error: unknown) => {
      log.warn({ err: error }, 'failed to clean up webhook state; retrying later');
    });
  }, config.cleanupIntervalMs).unref();
  return () => {
    for (const timer of [recheck, sweep, cleanup]) clearInterval(timer);
  };
}

/** Often enough that no ping or timeout is more than a quarter late. */
function sweepMs(config: GatewayConfig): number {
  const { activityTimeoutSeconds, pongTimeoutSeconds, authorizationSeconds } = config;
  const shortest = Math.min(activityTimeoutSeconds, pongTimeoutSeconds, authorizationSeconds);
  return Math.max(20, Math.min(5_000, shortest * 250));
}

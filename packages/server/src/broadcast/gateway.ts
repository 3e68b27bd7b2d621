import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { closeCodes, type GatewayTopic, type PusherChannel } from '@mevrik/protocol';
import type { Principal } from '../auth/principal.ts';
import {
  authorizeSubscription,
  authorizeUser,
  type SubscriptionAuthorization,
  type UserAuthorization,
} from './access/authorize.ts';
import { GrantWatch } from './access/grant-watch.ts';
import type { BroadcastMessage, Grant, TerminateMessage } from './bus/broadcast-message.ts';
import type { NodeState } from './bus/node-state.ts';
import { Traffic } from './bus/rate-meter.ts';
import { type GatewayConfig, gatewayDefaults } from './gateway-config.ts';
import type { GatewayApp, GatewayDeps } from './gateway-deps.ts';
import { createTopicApi, type TopicApi } from './http-api/topic-api.ts';
import { createGatewayInspection, type GatewayInspection } from './inspect/gateway-inspection.ts';
import { NodeSurvey } from './inspect/node-survey.ts';
import type { ClientSocket } from './sockets/client-socket.ts';
import { Connections } from './sockets/connections.ts';
import { encodeFrame } from './sockets/frame-encoder.ts';
import { Hub, type Tap } from './sockets/hub.ts';
import { TopicWatch } from './webhooks/topic-watch.ts';
import { WebhookSender } from './webhooks/webhook-sender.ts';

/** Speaks the Pusher Channels protocol with the clients that are connected to this process. */
export interface Gateway {
  /** Handles WebSocket upgrades on `/app/{key}`; all others are answered 404. */
  attach(server: Server): void;
  /** Broadcasts messages to all subscribers of their topics, on all nodes. */
  publish(messages: readonly BroadcastMessage[]): Promise<void>;
  /** Resolves when no other node can miss what was published before; this may take long. */
  reached(): Promise<void>;
  /** @throws ProblemError `invalid_input` or `forbidden`. */
  authorizeSubscription(
    principal: Principal,
    socketId: string,
    channelName: string,
    app: GatewayApp,
  ): Promise<SubscriptionAuthorization>;
  /** @throws ProblemError `invalid_input`. */
  authorizeUser(principal: Principal, socketId: string, app: GatewayApp): UserAuthorization;
  /** Closes the grant's connection once its credentials are no longer valid. */
  watch(grant: Grant): void;
  /** The operations of Pusher's HTTP API. */
  readonly api: TopicApi;
  /** Read access to this process's connections. */
  readonly inspection: GatewayInspection;
  /** The number of connections of this process, and their channels. */
  inspect(): { readonly connections: number; readonly channels: readonly GatewayTopic[] };
  /** The state of each node that answers within a moment. */
  nodes(): Promise<readonly NodeState[]>;
  /** Observes a channel; the returned function ends that. `onEnd` is called when this node shuts down. */
  tap(appId: number, channel: PusherChannel, tap: Tap, onEnd: () => void): Promise<() => void>;
  /** Accepts no further connections and asks clients to reconnect elsewhere, spread over `drainMs`. */
  drain(): Promise<void>;
  /** Closes all connections and stops. */
  stop(): Promise<void>;
}

/** Makes a gateway; nothing listens until it is attached to a server. */
export function createGateway(dependencies: GatewayDeps): Gateway {
  const config = { ...gatewayDefaults, ...dependencies.config };
  const { bus } = dependencies;
  const traffic = new Traffic();
  const hub = new Hub(bus, traffic, config.maxBufferedBytes);
  const sender = new WebhookSender(dependencies.log, traffic, config);
  const watch = new TopicWatch({ ...dependencies, sender, lingerMs: config.lingerMs });
  const connections = new Connections({ ...dependencies, config, hub, traffic, watch });
  const inspection = createGatewayInspection({ hub, traffic, sockets: connections.sockets });
  const survey = new NodeSurvey(bus, inspection.state);
  const servers = new Set<Server>();
  const taps = new Set<() => void>();

  bus.receive(
    (message) => {
      if ('terminateUser' in message) terminateUser(connections, message);
      else if ('grant' in message) watchOwn(message.grant);
      else if ('surveyRequest' in message || 'surveyAnswer' in message) survey.receive(message);
      else hub.deliver(message);
    },
    () => sendReload(connections),
  );
  const grants = new GrantWatch({
    ...dependencies,
    recheckMs: config.recheckMs,
    revoke: (appId, socketId) => revokeSocket(connections, appId, socketId),
  });
  /** The node that holds the connection watches its grants: other nodes forward theirs. */
  const watchOwn = (grant: Grant): boolean => {
    const isOwn = connections.sockets.get(grant.socketId)?.app.id === grant.appId;
    if (isOwn) grants.add(grant);
    return isOwn;
  };
  const recheck = setInterval(() => {
    closeOfDisabledApps(connections, dependencies).catch((error: unknown) => {
      dependencies.log.warn({ error: String(error) }, 'failed to recheck disabled apps; retrying later');
    });
  }, config.recheckMs).unref();
  const sweep = setInterval(() => {
    const now = performance.now();
    for (const socket of connections.sockets.values()) socket.check(now);
  }, sweepMs(config)).unref();
  const cleanup = setInterval(() => {
    hub.sweep();
    bus.cache.sweep();
    watch.sweep().catch((error: unknown) => {
      dependencies.log.warn({ error: String(error) }, 'failed to clean up webhook state; retrying later');
    });
  }, config.cleanupIntervalMs).unref();

  return {
    attach(server) {
      servers.add(server);
      server.on('upgrade', connections.onUpgrade);
    },
    publish: (messages) => bus.publish(messages),
    reached: () => bus.reached(),
    authorizeSubscription: (principal, socketId, channelName, app) =>
      authorizeSubscription(dependencies, { principal, socketId, channelName, app }),
    authorizeUser,
    watch(grant) {
      if (!watchOwn(grant)) void bus.publish([{ appId: grant.appId, grant }]);
    },
    api: createTopicApi(bus, config),
    inspection,
    inspect: () => ({ connections: connections.sockets.size, channels: [...hub.channels()] }),
    nodes: () => survey.ask(),
    async tap(appId, channel, tap, onEnd) {
      taps.add(onEnd);
      const close = await hub.tap(appId, channel, tap);
      return () => {
        taps.delete(onEnd);
        close();
      };
    },
    async drain() {
      connections.stopAccepting();
      for (const end of taps) end();
      await disconnectGradually([...connections.sockets.values()], config.drainMs);
    },
    async stop() {
      grants.stop();
      clearInterval(recheck);
      clearInterval(sweep);
      clearInterval(cleanup);
      for (const server of servers) server.off('upgrade', connections.onUpgrade);
      await connections.closeAll(goingAway);
      await watch.stop();
      await sender.stop();
    },
  };
}

const goingAway = 'The server is going away';

/** Often enough that no ping or timeout is more than a quarter late. */
function sweepMs({ activityTimeoutSeconds, pongTimeoutSeconds }: GatewayConfig): number {
  return Math.max(20, Math.min(5_000, Math.min(activityTimeoutSeconds, pongTimeoutSeconds) * 250));
}

function terminateUser({ sockets }: Connections, { appId, terminateUser: userId }: TerminateMessage): void {
  for (const socket of sockets.values()) {
    if (socket.app.id !== appId || socket.user?.id !== userId) continue;
    socket.close(closeCodes.unauthorized, 'You got disconnected by the application');
  }
}

/** The client reconnects and must authorize again. Returns `false` when it has gone already. */
function revokeSocket({ sockets }: Connections, appId: number, socketId: string): boolean {
  const socket = sockets.get(socketId);
  if (socket?.app.id !== appId || !socket.isOpen) return false;
  socket.close(closeCodes.reconnect, 'Your access has ended: authorize again');
  return true;
}

/** Notifies clients that resume that they have missed messages. */
function sendReload({ sockets }: Connections): void {
  for (const socket of sockets.values()) {
    for (const [channel, { resumes }] of socket.channels) {
      if (resumes) socket.send(encodeFrame({ event: 'mevrik:reload', channel }));
    }
  }
}

async function closeOfDisabledApps({ sockets }: Connections, { apps }: GatewayDeps): Promise<void> {
  const appIds = new Set([...sockets.values()].map(({ app }) => app.id));
  for (const appId of appIds) {
    const app = await apps.byId(appId);
    if (app?.enabled) continue;
    for (const socket of sockets.values()) {
      if (socket.app.id === appId) socket.close(closeCodes.appDisabled, 'Application is disabled');
    }
  }
}

/** A rate of reconnections per millisecond that does not burden the other nodes. */
const unnoticedPerMs = 0.2;

/** Clients reconnect immediately, so they are disconnected a few at a time. */
async function disconnectGradually(sockets: readonly ClientSocket[], withinMs: number): Promise<void> {
  const overMs = Math.min(withinMs, sockets.length / unnoticedPerMs);
  const steps = Math.max(1, Math.min(sockets.length, Math.ceil(overMs / 50)));
  const perStep = Math.ceil(sockets.length / steps);
  for (let at = 0; at < sockets.length; at += perStep) {
    if (at > 0) await delay(overMs / steps);
    for (const socket of sockets.slice(at, at + perStep)) socket.close(closeCodes.reconnect, goingAway);
  }
}

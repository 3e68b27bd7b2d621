import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { closeCodes, type GatewayTopic, type PusherChannel } from '@mevrik/protocol';
import type { Principal } from '../auth/principal.ts';
import {
  authorizeChannel,
  authorizeUser,
  type ChannelAuthorization,
  type UserAuthorization,
} from './access/authorize.ts';
import { GrantWatch } from './access/grant-watch.ts';
import type { BroadcastMessage, Grant, TerminateMessage } from './bus/broadcast-message.ts';
import type { NodeState } from './bus/node-state.ts';
import { Traffic } from './bus/rate-meter.ts';
import { type GatewayConfig, gatewayDefaults } from './gateway-config.ts';
import type { GatewayApp, GatewayDeps } from './gateway-deps.ts';
import { type ChannelApi, createChannelApi } from './http-api/topic-api.ts';
import { createInspection, type GatewayInspection } from './inspect/gateway-inspection.ts';
import { NodeSurvey } from './inspect/node-survey.ts';
import type { ClientSocket } from './sockets/client-socket.ts';
import { Connections } from './sockets/connections.ts';
import { encodeFrame } from './sockets/frame-encoder.ts';
import { Hub, type Tap } from './sockets/hub.ts';
import { ChannelWatch } from './webhooks/topic-watch.ts';
import { WebhookSender } from './webhooks/webhook-sender.ts';

/** Speaks the Pusher Channels protocol with the clients that are connected to this process. */
export interface Gateway {
  /** Takes WebSocket upgrades on `/app/{key}`; all others are answered 404. */
  attach(server: Server): void;
  /** Hands messages to everybody who hears their topics, on all nodes. */
  publish(messages: readonly BroadcastMessage[]): Promise<void>;
  /** Resolves when no other node can miss what was published before; perhaps long after. */
  reached(): Promise<void>;
  /** @throws ProblemError `invalid_input` or `forbidden`. */
  authorizeChannel(
    principal: Principal,
    socketId: string,
    channelName: string,
    app: GatewayApp,
  ): Promise<ChannelAuthorization>;
  /** @throws ProblemError `invalid_input`. */
  authorizeUser(principal: Principal, socketId: string, app: GatewayApp): UserAuthorization;
  /** Ends the grant's connection once what it was given for no longer holds. */
  watch(grant: Grant): void;
  /** What back ends can do and ask: Pusher's HTTP API, without the HTTP. */
  readonly api: ChannelApi;
  /** What is connected to this process. */
  readonly inspection: GatewayInspection;
  /** The number of connections of this process, and their channels. */
  inspect(): { readonly connections: number; readonly channels: readonly GatewayTopic[] };
  /** What is connected to each node that answers; takes a moment. */
  nodes(): Promise<readonly NodeState[]>;
  /** Looks on at a channel; the function that is given ends that. `onEnd` is called when this node goes away. */
  tap(appId: number, channel: PusherChannel, tap: Tap, onEnd: () => void): Promise<() => void>;
  /** Takes no further connections, and asks the clients to reconnect elsewhere, spread over `drainMs`. */
  drain(): Promise<void>;
  /** Ends everything at once. */
  stop(): Promise<void>;
}

/** Makes a gateway; nothing listens until it is attached to a server. */
export function createGateway(dependencies: GatewayDeps): Gateway {
  const config = { ...gatewayDefaults, ...dependencies.config };
  const { bus } = dependencies;
  const traffic = new Traffic();
  const hub = new Hub(bus, traffic, config.maxBufferedBytes);
  const sender = new WebhookSender(dependencies.log, traffic, config);
  const watch = new ChannelWatch({ ...dependencies, sender, lingerMs: config.lingerMs });
  const connections = new Connections({ ...dependencies, config, hub, traffic, watch });
  const inspection = createInspection({ hub, traffic, sockets: connections.sockets });
  const survey = new NodeSurvey(bus, inspection.state);
  const servers = new Set<Server>();
  const taps = new Set<() => void>();

  bus.receive(
    (message) => {
      if ('terminateUser' in message) terminateUser(connections, message);
      else if ('grant' in message) watchOwn(message.grant);
      else if ('askOfNodes' in message || 'answerTo' in message) survey.receive(message);
      else hub.deliver(message);
    },
    () => tellToReload(connections),
  );
  const grants = new GrantWatch({
    ...dependencies,
    recheckMs: config.recheckMs,
    revoke: (appId, socketId) => revokeSocket(connections, appId, socketId),
  });
  /** The node that has a connection watches over it: it lives as long, and learns of newer tokens from all others. */
  const watchOwn = (grant: Grant): boolean => {
    const isOwn = connections.sockets.get(grant.socketId)?.app.id === grant.appId;
    if (isOwn) grants.add(grant);
    return isOwn;
  };
  const recheck = setInterval(() => {
    closeOfDisabledApps(connections, dependencies).catch((error: unknown) => {
      dependencies.log.warn({ error: String(error) }, 'whether apps are still open is looked at again later');
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
      dependencies.log.warn({ error: String(error) }, 'what back ends know is looked through again later');
    });
  }, config.cleanupIntervalMs).unref();

  return {
    attach(server) {
      servers.add(server);
      server.on('upgrade', connections.onUpgrade);
    },
    publish: (messages) => bus.publish(messages),
    reached: () => bus.reached(),
    authorizeChannel: (principal, socketId, channelName, app) =>
      authorizeChannel(dependencies, { principal, socketId, channelName, app }),
    authorizeUser,
    watch(grant) {
      if (!watchOwn(grant)) void bus.publish([{ appId: grant.appId, grant }]);
    },
    api: createChannelApi(bus, config),
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
      connections.closeDoors();
      for (const end of taps) end();
      await sendAway([...connections.sockets.values()], config.drainMs);
    },
    async stop() {
      grants.stop();
      clearInterval(recheck);
      clearInterval(sweep);
      clearInterval(cleanup);
      for (const server of servers) server.off('upgrade', connections.onUpgrade);
      await connections.endAll(goingAway);
      await watch.stop();
      await sender.stop();
    },
  };
}

const goingAway = 'The server is going away';

/** Often enough that nobody is asked, or given up on, more than a quarter late. */
function sweepMs({ activityTimeoutSeconds, pongTimeoutSeconds }: GatewayConfig): number {
  return Math.max(20, Math.min(5_000, Math.min(activityTimeoutSeconds, pongTimeoutSeconds) * 250));
}

function terminateUser({ sockets }: Connections, { appId, terminateUser: userId }: TerminateMessage): void {
  for (const socket of sockets.values()) {
    if (socket.app.id !== appId || socket.user?.id !== userId) continue;
    socket.close(closeCodes.unauthorized, 'You got disconnected by the application');
  }
}

/** The client comes back at once, and must have its channels signed anew. `false` when it has gone already. */
function revokeSocket({ sockets }: Connections, appId: number, socketId: string): boolean {
  const socket = sockets.get(socketId);
  if (socket?.app.id !== appId || !socket.isOpen) return false;
  socket.close(closeCodes.reconnect, 'Your access has ended: authorize again');
  return true;
}

/** Clients that count on missing nothing learn that they have. */
function tellToReload({ sockets }: Connections): void {
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

/** So many reconnections in a millisecond the other nodes do not feel: a few clients are sent away at once. */
const unnoticedPerMs = 0.2;

/** Clients come back the moment they are sent away, so they are sent a few at a time. */
async function sendAway(sockets: readonly ClientSocket[], withinMs: number): Promise<void> {
  const overMs = Math.min(withinMs, sockets.length / unnoticedPerMs);
  const steps = Math.max(1, Math.min(sockets.length, Math.ceil(overMs / 50)));
  const perStep = Math.ceil(sockets.length / steps);
  for (let at = 0; at < sockets.length; at += perStep) {
    if (at > 0) await delay(overMs / steps);
    for (const socket of sockets.slice(at, at + perStep)) socket.close(closeCodes.reconnect, goingAway);
  }
}

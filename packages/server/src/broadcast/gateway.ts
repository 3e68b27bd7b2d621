import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { closeCodes } from '@mevrik/protocol';
import type { Principal } from '../auth/principal.ts';
import {
  authorizeChannel,
  authorizeUser,
  type ChannelAuthorization,
  type UserAuthorization,
} from './authorize.ts';
import type { BroadcastMessage, RevokeMessage, TerminateMessage } from './broadcast-message.ts';
import { type ChannelApi, createChannelApi } from './channel-api.ts';
import type { ClientSocket } from './client-socket.ts';
import { Connections } from './connections.ts';
import { type GatewayConfig, gatewayDefaults } from './gateway-config.ts';
import type { GatewayApp, GatewayDependencies } from './gateway-dependencies.ts';
import { type Grant, GrantWatch } from './grant-watch.ts';
import { type ChannelCount, Hub } from './hub.ts';

/** Speaks the Pusher Channels protocol with the clients that are connected to this process. */
export interface Gateway {
  /** Takes WebSocket upgrades on `/app/{key}`; all others are answered 404. */
  attach(server: Server): void;
  /** Hands messages to everybody who hears their topics, on all nodes. */
  publish(messages: readonly BroadcastMessage[]): Promise<void>;
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
  inspect(): { readonly connections: number; readonly channels: readonly ChannelCount[] };
  /** Takes no further connections, and asks the clients to reconnect elsewhere, spread over `drainMs`. */
  drain(): Promise<void>;
  /** Ends everything at once. */
  stop(): Promise<void>;
}

/** Makes a gateway; nothing listens until it is attached to a server. */
export function createGateway(dependencies: GatewayDependencies): Gateway {
  const config = { ...gatewayDefaults, ...dependencies.config };
  const { bus } = dependencies;
  const hub = new Hub(bus);
  const connections = new Connections({ ...dependencies, config, hub });
  const servers = new Set<Server>();

  bus.receive((message) => {
    if ('terminateUser' in message) terminateUser(connections, message);
    else if ('revokeSocket' in message) revokeSocket(connections, message);
    else hub.deliver(message);
  });
  const grants = new GrantWatch({
    ...dependencies,
    recheckMs: config.recheckMs,
    revoke: (appId, revokeSocket) => void bus.publish([{ appId, revokeSocket }]),
  });
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
  }, config.cleanupIntervalMs).unref();

  return {
    attach(server) {
      servers.add(server);
      server.on('upgrade', connections.onUpgrade);
    },
    publish: (messages) => bus.publish(messages),
    authorizeChannel: (principal, socketId, channelName, app) =>
      authorizeChannel(dependencies, { principal, socketId, channelName, app }),
    authorizeUser,
    watch: (grant) => grants.add(grant),
    api: createChannelApi(bus, config),
    inspect: () => ({ connections: connections.sockets.size, channels: hub.list() }),
    async drain() {
      connections.closeDoors();
      await sendAway([...connections.sockets.values()], config.drainMs);
    },
    async stop() {
      grants.stop();
      clearInterval(recheck);
      clearInterval(sweep);
      clearInterval(cleanup);
      for (const server of servers) server.off('upgrade', connections.onUpgrade);
      await connections.endAll(goingAway);
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

/** The client comes back at once, and must have its channels signed anew. */
function revokeSocket({ sockets }: Connections, message: RevokeMessage): void {
  const socket = sockets.get(message.revokeSocket);
  if (socket?.app.id === message.appId)
    socket.close(closeCodes.reconnect, 'Your access has ended: authorize again');
}

async function closeOfDisabledApps({ sockets }: Connections, { apps }: GatewayDependencies): Promise<void> {
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

import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { closeCodes } from '@mevrik/protocol';
import { WebSocketServer } from 'ws';
import type { Principal } from '../auth/principal.ts';
import {
  authorizeChannel,
  authorizeUser,
  type ChannelAuthorization,
  type UserAuthorization,
} from './authorize.ts';
import type { BroadcastMessage, BusMessage } from './broadcast-message.ts';
import { actOnFrame } from './client-frames.ts';
import { ClientSocket } from './client-socket.ts';
import { encodeFrame } from './frame-encoder.ts';
import { gatewayDefaults } from './gateway-config.ts';
import type { GatewayApp, GatewayDependencies } from './gateway-dependencies.ts';
import type { GatewayParts } from './gateway-parts.ts';
import { admit, type Handshake, readHandshake } from './handshake.ts';
import { type ChannelCount, Hub } from './hub.ts';
import { Turn } from './outlet.ts';
import { createLocalPresence } from './presence.ts';
import { unsubscribe } from './subscribe.ts';

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
  const { bus, log } = dependencies;
  const hub = new Hub(bus);
  const presence = createLocalPresence(config.maxPresenceMembers);
  const parts: GatewayParts = { ...dependencies, config, hub, presence };
  const turn = new Turn();
  const sockets = new Set<ClientSocket>();
  const servers = new Set<Server>();
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    autoPong: false,
    perMessageDeflate: false,
    maxPayload: config.maxMessageBytes,
    maxFragments: 128,
  });
  /** Connections whose app is being looked up count as well. */
  let opening = 0;
  let isDraining = false;

  bus.receive((message) => receive(message));
  const sweep = setInterval(
    () => {
      const now = performance.now();
      for (const socket of sockets) socket.check(now);
    },
    sweepMs(config.activityTimeoutSeconds, config.pongTimeoutSeconds),
  ).unref();
  const cleanup = setInterval(() => hub.sweep(), config.cleanupIntervalMs).unref();

  function receive(message: BusMessage): void {
    if (!('terminateUser' in message)) {
      hub.deliver(message);
      return;
    }
    for (const socket of sockets) {
      if (socket.app.id !== message.appId || socket.user?.id !== message.terminateUser) continue;
      socket.close(closeCodes.unauthorized, 'You got disconnected by the application');
    }
  }

  function onUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    stream.on('error', () => {});
    const handshake = readHandshake(request.url);
    if (!handshake) answer(stream, '404 Not Found');
    else if (isDraining) answer(stream, '503 Service Unavailable');
    else webSockets.handleUpgrade(request, stream, head, (ws) => void open(handshake, ws, stream));
  }

  async function open(handshake: Handshake, ws: WebSocketOf, stream: Duplex): Promise<void> {
    ws.on('error', () => {});
    const refuse = (code: number, message: string) => {
      if (stream.writable) {
        stream.write(encodeFrame({ event: 'pusher:error', data: JSON.stringify({ code, message }) }));
      }
      ws.close(code, message);
      ws.resume();
      setTimeout(() => ws.terminate(), 3_000).unref();
    };
    if (sockets.size + opening >= config.maxConnections) {
      return refuse(closeCodes.overCapacity, 'Over capacity');
    }
    opening += 1;
    // What the client sends before its app is known waits in the kernel.
    ws.pause();
    const admitted = await admit(dependencies.apps, handshake)
      .catch((error: unknown) => {
        log.error({ error: String(error) }, 'an app could not be looked up for a connection');
        return { code: closeCodes.overCapacity, message: 'Try again later' };
      })
      .finally(() => {
        opening -= 1;
      });
    if ('code' in admitted) return refuse(admitted.code, admitted.message);
    if (ws.readyState !== ws.OPEN) return;
    if (isDraining) return refuse(closeCodes.reconnect, 'The server is going away');
    const socket = new ClientSocket({
      app: admitted,
      ws,
      stream,
      turn,
      config,
      onFrame: (from, frame) => actOnFrame(parts, from, frame),
      onClosed: (closed) => void leaveAll(closed),
      onFault: (from, error) => {
        log.error({ socketId: from.id, error: String(error) }, 'a frame could not be acted on');
        from.complain('Something went wrong on our side', closeCodes.overCapacity);
      },
    });
    sockets.add(socket);
    socket.tell('pusher:connection_established', {
      socket_id: socket.id,
      activity_timeout: config.activityTimeoutSeconds,
    });
    ws.resume();
  }

  async function leaveAll(socket: ClientSocket): Promise<void> {
    sockets.delete(socket);
    for (const name of [...socket.channels.keys()]) {
      await unsubscribe(parts, socket, name).catch((error: unknown) => {
        log.warn({ channel: name, error: String(error) }, 'a member that left could not be announced');
      });
    }
  }

  function endTimers(): void {
    isDraining = true;
    clearInterval(sweep);
    clearInterval(cleanup);
  }

  return {
    attach(server) {
      servers.add(server);
      server.on('upgrade', onUpgrade);
    },
    publish: (messages) => bus.publish(messages),
    authorizeChannel: (principal, socketId, channelName, app) =>
      authorizeChannel(dependencies, { principal, socketId, channelName, app }),
    authorizeUser,
    inspect: () => ({ connections: sockets.size, channels: hub.list() }),
    async drain() {
      isDraining = true;
      const waiting = [...sockets];
      const steps = Math.max(1, Math.min(waiting.length, Math.ceil(config.drainMs / 50)));
      const perStep = Math.ceil(waiting.length / steps);
      for (let at = 0; at < waiting.length; at += perStep) {
        if (at > 0) await delay(config.drainMs / steps);
        for (const socket of waiting.slice(at, at + perStep)) {
          socket.close(closeCodes.reconnect, 'The server is going away');
        }
      }
    },
    async stop() {
      endTimers();
      for (const server of servers) server.off('upgrade', onUpgrade);
      for (const socket of sockets) {
        socket.close(closeCodes.reconnect, 'The server is going away');
        socket.terminate();
      }
      webSockets.close();
      await presence.stop();
    },
  };
}

type WebSocketOf =
  InstanceType<typeof WebSocketServer> extends { clients: Set<infer Client> } ? Client : never;

/** Often enough that nobody is asked, or given up on, more than a quarter late. */
function sweepMs(...seconds: number[]): number {
  return Math.max(20, Math.min(5_000, (Math.min(...seconds) * 1000) / 4));
}

function answer(stream: Duplex, status: string): void {
  stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

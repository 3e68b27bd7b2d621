import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { closeCodes } from '@mevrik/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import { Unfinished } from '../../domain/unfinished.ts';
import type { GatewayApp } from '../gateway-deps.ts';
import type { ClientFrameDeps } from './client-frame-deps.ts';
import { handleFrame } from './client-frames.ts';
import { ClientSocket, type ClientSocketDeps } from './client-socket.ts';
import { Counter } from './counter.ts';
import { encodeFrame } from './frame-encoder.ts';
import { admit, type ConnectionRejection, type Handshake, httpErrorOf, readHandshake } from './handshake.ts';
import { unsubscribeAll } from './subscribe.ts';
import { FlushScheduler } from './write-batcher.ts';

/** An accepted WebSocket. */
interface AcceptedSocket {
  readonly ws: WebSocket;
  readonly stream: Duplex;
  /** Its client may have sent frames before the handshake was answered. */
  readonly isEager: boolean;
}

/** A broken connection is handled by its 'close' event. */
const ignore = () => {};

/** Accepts clients and keeps their connections. */
export class Connections {
  readonly #deps: ClientFrameDeps;
  readonly #scheduler = new FlushScheduler();
  readonly #socketDeps: ClientSocketDeps;
  readonly #sockets = new Map<string, ClientSocket>();
  readonly #webSockets: WebSocketServer;
  /** Connections whose app is being looked up: they count towards the limit. */
  #opening = 0;
  readonly #perApp = new Counter<number>();
  /** Includes those being opened or closed. */
  readonly #perAddress = new Counter<string>();
  #isClosed = false;
  /** Closed connections whose subscriptions are still being removed. */
  readonly #leaving = new Unfinished();

  constructor(deps: ClientFrameDeps) {
    this.#deps = deps;
    this.#socketDeps = {
      scheduler: this.#scheduler,
      config: deps.config,
      onFrame: (from, frame) => handleFrame(deps, from, frame),
      onClosed: (closed) => this.#onClosed(closed),
      onError(from, error) {
        deps.log.error({ socketId: from.id, err: error }, 'failed to handle a frame');
        from.sendError('Internal server error');
      },
    };
    // The types lack `closeTimeout`.
    const options = {
      noServer: true,
      clientTracking: false,
      autoPong: false,
      perMessageDeflate: deps.config.compression
        ? { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 0 }
        : false,
      maxPayload: deps.config.maxMessageBytes,
      maxFragments: deps.config.maxFragments,
      closeTimeout: deps.config.closeTimeoutMs,
    };
    this.#webSockets = new WebSocketServer(options);
  }

  /** The open connections, by socket id. */
  get sockets(): ReadonlyMap<string, ClientSocket> {
    return this.#sockets;
  }

  /** Accepts no further connections. */
  stopAccepting(): void {
    this.#isClosed = true;
  }

  /** Closes all connections; resolves when their subscriptions have been removed. */
  async closeAll(message: string): Promise<void> {
    this.stopAccepting();
    for (const socket of this.#sockets.values()) {
      socket.close(closeCodes.reconnect, message);
      socket.terminate();
    }
    // Each connection emits 'close' in a later tick of the event loop.
    while (this.#sockets.size > 0) await nextTurn();
    await this.#leaving.ended();
  }

  /** Handles an HTTP server's upgrade request. */
  readonly onUpgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    // Without a listener, a broken connection would crash the process.
    stream.on('error', ignore);
    const handshake = readHandshake(request, this.#deps.config.trustProxy);
    const httpError = httpErrorOf(request);
    if (!handshake) {
      answer(stream, ['404 Not Found']);
    } else if (httpError) {
      answer(stream, httpError);
    } else if (this.#isClosed) {
      answer(stream, ['503 Service Unavailable']);
    } else {
      // The handshake response and the first frame are one write and one packet.
      stream.cork();
      this.#scheduler.atEnd(() => stream.uncork());
      this.#webSockets.handleUpgrade(request, stream, head, (ws) => {
        // With TLS, frames sent in the same packet may not have been decrypted yet.
        const isEager = head.length > 0 || 'encrypted' in stream;
        void this.#open(handshake, { ws, stream, isEager });
      });
    }
  };

  async #open(handshake: Handshake, { ws, stream, isEager }: AcceptedSocket): Promise<void> {
    ws.on('error', ignore);
    const admitted = await this.#admit(handshake, ws, isEager);
    const outcome = 'code' in admitted ? admitted : (this.#overQuota(admitted) ?? admitted);
    if ('code' in outcome) {
      refuse(ws, stream, outcome, this.#deps.config.closeTimeoutMs);
    } else if (ws.readyState === ws.OPEN) {
      this.#welcome(outcome, ws, stream);
      ws.resume();
    }
  }

  async #admit(
    handshake: Handshake,
    ws: WebSocket,
    isEager: boolean,
  ): Promise<GatewayApp | ConnectionRejection> {
    const { apps, config, log } = this.#deps;
    if (this.#sockets.size + this.#opening >= config.maxConnections || !this.#countAddress(handshake, ws)) {
      return { code: closeCodes.overCapacity, message: 'Over capacity' };
    }
    this.#opening += 1;
    // Frames sent before the app is known wait in the kernel; usually it is known in this tick.
    let isDecided = false;
    if (isEager) ws.pause();
    else this.#scheduler.atEnd(() => !isDecided && ws.pause());
    try {
      const admitted = await admit(apps, handshake);
      if (!this.#isClosed) return admitted;
      return { code: closeCodes.reconnect, message: 'The server is going away' };
    } catch (error) {
      log.error({ err: error }, 'failed to look up the app of a connection');
      return { code: closeCodes.overCapacity, message: 'Try again later' };
    } finally {
      isDecided = true;
      this.#opening -= 1;
    }
  }

  /** Returns `false` when its address has too many connections. */
  #countAddress({ address }: Handshake, ws: WebSocket): boolean {
    const { maxConnectionsPerAddress: max } = this.#deps.config;
    if (address === undefined || max === null) return true;
    if (this.#perAddress.get(address) >= max) return false;
    this.#perAddress.increment(address);
    ws.on('close', () => this.#perAddress.decrement(address));
    return true;
  }

  #overQuota({ id, settings }: GatewayApp): ConnectionRejection | undefined {
    const { maxConnections } = settings.realtime;
    if (maxConnections === null || this.#perApp.get(id) < maxConnections) return undefined;
    return { code: closeCodes.overQuota, message: 'Connection quota of the application exceeded' };
  }

  #welcome(app: GatewayApp, ws: WebSocket, stream: Duplex): void {
    const traffic = this.#deps.traffic.of(app.id);
    const socket = new ClientSocket({ app, ws, stream, traffic, deps: this.#socketDeps });
    this.#sockets.set(socket.id, socket);
    this.#perApp.increment(app.id);
    this.#deps.onConnectionsChanged?.(app.id);
    socket.sendEvent('pusher:connection_established', {
      socket_id: socket.id,
      activity_timeout: this.#deps.config.activityTimeoutSeconds,
    });
  }

  #onClosed(closed: ClientSocket): void {
    this.#sockets.delete(closed.id);
    this.#perApp.decrement(closed.app.id);
    this.#deps.onConnectionsChanged?.(closed.app.id);
    void this.#leaving.add(unsubscribeAll(this.#deps, closed));
  }
}

function refuse(
  ws: WebSocket,
  stream: Duplex,
  { code, message }: ConnectionRejection,
  closeTimeoutMs: number,
): void {
  if (stream.writable) {
    stream.write(encodeFrame({ event: 'pusher:error', data: { code, message } }));
  }
  ws.close(code, message);
  ws.resume();
  const closeTimer = setTimeout(() => ws.terminate(), closeTimeoutMs);
  ws.on('close', () => clearTimeout(closeTimer));
}

/** Destroys the connection after the answer: the client might leave it half open. */
function answer(stream: Duplex, [status, ...headers]: readonly string[]): void {
  const lines = [`HTTP/1.1 ${status}`, ...headers, 'Connection: close', 'Content-Length: 0'];
  stream.once('finish', () => stream.destroy());
  stream.end(`${lines.join('\r\n')}\r\n\r\n`);
}

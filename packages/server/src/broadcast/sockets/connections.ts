import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { closeCodes } from '@mevrik/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import type { GatewayApp } from '../gateway-deps.ts';
import type { ClientFrameDeps } from './client-frame-deps.ts';
import { actOnFrame } from './client-frames.ts';
import { ClientSocket, type SocketKeeper } from './client-socket.ts';
import { encodeFrame } from './frame-encoder.ts';
import { admit, type Handshake, httpFaultOf, type Refused, readHandshake } from './handshake.ts';
import { leaveAll } from './subscribe.ts';
import { Tally } from './tally.ts';
import { Turn } from './write-batcher.ts';

/** A connection that has become a WebSocket. */
interface Arrival {
  readonly ws: WebSocket;
  readonly stream: Duplex;
  /** Its client did not wait for the answer to the handshake before it sent more. */
  readonly isEager: boolean;
}

/** What breaks is told by its end. */
const ignore = () => {};

/** Lets clients in, and knows those that are there. */
export class Connections {
  readonly #parts: ClientFrameDeps;
  readonly #turn = new Turn();
  readonly #keeper: SocketKeeper;
  readonly #sockets = new Map<string, ClientSocket>();
  readonly #webSockets: WebSocketServer;
  /** Connections whose app is being looked up: they count as well. */
  #opening = 0;
  readonly #ofApp = new Tally<number>();
  /** Also those that are on their way in or out. */
  readonly #ofAddress = new Tally<string>();
  #isClosed = false;
  /** Departures that are still being told to the other nodes. */
  readonly #leaving = new Set<Promise<void>>();

  constructor(parts: ClientFrameDeps) {
    this.#parts = parts;
    this.#keeper = {
      turn: this.#turn,
      config: parts.config,
      onFrame: (from, frame) => actOnFrame(parts, from, frame),
      onClosed: (closed) => this.#onClosed(closed),
      onFault(from, error) {
        parts.log.error({ socketId: from.id, error: String(error) }, 'a frame could not be acted on');
        from.complain('Something went wrong on our side');
      },
    };
    // The types do not know of `closeTimeout` yet.
    const options = {
      noServer: true,
      clientTracking: false,
      autoPong: false,
      perMessageDeflate: parts.config.compression
        ? { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 0 }
        : false,
      maxPayload: parts.config.maxMessageBytes,
      maxFragments: parts.config.maxFragments,
      closeTimeout: parts.config.farewellMs,
    };
    this.#webSockets = new WebSocketServer(options);
  }

  /** Those that are there now. */
  get sockets(): ReadonlyMap<string, ClientSocket> {
    return this.#sockets;
  }

  /** Lets nobody in any more. */
  closeDoors(): void {
    this.#isClosed = true;
  }

  /** Ends all connections, and resolves when their channels have been left. */
  async endAll(message: string): Promise<void> {
    this.closeDoors();
    for (const socket of this.#sockets.values()) {
      socket.close(closeCodes.reconnect, message);
      socket.terminate();
    }
    // Each connection tells of its end in a later turn of the event loop.
    while (this.#sockets.size > 0) await nextTurn();
    await Promise.all(this.#leaving);
  }

  /** Takes a request of an HTTP server for a WebSocket. */
  readonly onUpgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    // Without a listener, a connection that breaks would end the process.
    stream.on('error', ignore);
    const handshake = readHandshake(request, this.#parts.config.trustProxy);
    const fault = httpFaultOf(request);
    if (!handshake) {
      answer(stream, ['404 Not Found']);
    } else if (fault) {
      answer(stream, fault);
    } else if (this.#isClosed) {
      answer(stream, ['503 Service Unavailable']);
    } else {
      // The answer and the greeting are one write, and one packet.
      stream.cork();
      this.#turn.atEnd(() => stream.uncork());
      this.#webSockets.handleUpgrade(request, stream, head, (ws) => {
        // With TLS, what was sent in the same packet may still be on its way to us.
        const isEager = head.length > 0 || 'encrypted' in stream;
        void this.#open(handshake, { ws, stream, isEager });
      });
    }
  };

  async #open(handshake: Handshake, { ws, stream, isEager }: Arrival): Promise<void> {
    ws.on('error', ignore);
    const admitted = await this.#admit(handshake, ws, isEager);
    const outcome = 'code' in admitted ? admitted : (this.#overQuota(admitted) ?? admitted);
    if ('code' in outcome) {
      refuse(ws, stream, outcome, this.#parts.config.farewellMs);
    } else if (ws.readyState === ws.OPEN) {
      this.#welcome(outcome, ws, stream);
      ws.resume();
    }
  }

  async #admit(handshake: Handshake, ws: WebSocket, isEager: boolean): Promise<GatewayApp | Refused> {
    const { apps, config, log } = this.#parts;
    if (this.#sockets.size + this.#opening >= config.maxConnections || !this.#countAddress(handshake, ws)) {
      return { code: closeCodes.overCapacity, message: 'Over capacity' };
    }
    this.#opening += 1;
    // What the client sends before its app is known waits in the kernel; mostly it is known in this turn.
    let isDecided = false;
    if (isEager) ws.pause();
    else this.#turn.atEnd(() => !isDecided && ws.pause());
    try {
      const admitted = await admit(apps, handshake);
      if (!this.#isClosed) return admitted;
      return { code: closeCodes.reconnect, message: 'The server is going away' };
    } catch (error) {
      log.error({ error: String(error) }, 'an app could not be looked up for a connection');
      return { code: closeCodes.overCapacity, message: 'Try again later' };
    } finally {
      isDecided = true;
      this.#opening -= 1;
    }
  }

  /** `false` when there are too many from where this one comes. */
  #countAddress({ address }: Handshake, ws: WebSocket): boolean {
    const { maxConnectionsPerAddress: max } = this.#parts.config;
    if (address === undefined || max === null) return true;
    if (this.#ofAddress.of(address) >= max) return false;
    this.#ofAddress.add(address);
    ws.on('close', () => this.#ofAddress.remove(address));
    return true;
  }

  #overQuota({ id, settings }: GatewayApp): Refused | undefined {
    const { maxConnections } = settings.realtime;
    if (maxConnections === null || this.#ofApp.of(id) < maxConnections) return undefined;
    return { code: closeCodes.overQuota, message: 'Application is over its connection quota' };
  }

  #welcome(app: GatewayApp, ws: WebSocket, stream: Duplex): void {
    const traffic = this.#parts.traffic.of(app.id);
    const socket = new ClientSocket({ app, ws, stream, traffic, keeper: this.#keeper });
    this.#sockets.set(socket.id, socket);
    this.#ofApp.add(app.id);
    this.#parts.onMovement?.(app.id);
    socket.tell('pusher:connection_established', {
      socket_id: socket.id,
      activity_timeout: this.#parts.config.activityTimeoutSeconds,
    });
  }

  #onClosed(closed: ClientSocket): void {
    this.#sockets.delete(closed.id);
    this.#ofApp.remove(closed.app.id);
    this.#parts.onMovement?.(closed.app.id);
    const leaving = leaveAll(this.#parts, closed);
    this.#leaving.add(leaving);
    void leaving.finally(() => this.#leaving.delete(leaving));
  }
}

function refuse(ws: WebSocket, stream: Duplex, { code, message }: Refused, farewellMs: number): void {
  if (stream.writable) {
    stream.write(encodeFrame({ event: 'pusher:error', data: JSON.stringify({ code, message }) }));
  }
  ws.close(code, message);
  ws.resume();
  const farewell = setTimeout(() => ws.terminate(), farewellMs);
  ws.on('close', () => clearTimeout(farewell));
}

/** A client that does not hang up after the answer is hung up on: HTTP's connections may stay half open. */
function answer(stream: Duplex, [status, ...headers]: readonly string[]): void {
  const lines = [`HTTP/1.1 ${status}`, ...headers, 'Connection: close', 'Content-Length: 0'];
  stream.once('finish', () => stream.destroy());
  stream.end(`${lines.join('\r\n')}\r\n\r\n`);
}

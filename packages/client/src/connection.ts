import type { ServerFrame } from '@mevrik/protocol';
import { nextRetry } from './backoff.ts';
import { Emitter, type Stop } from './emitter.ts';
import { MevrikError } from './errors.ts';

/** The parts of the WebSocket interface that we use; those of browsers and of `ws` both have them. */
export interface WebSocketLike {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
}
/** A WebSocket class, such as the platform's or that of `ws`. */
export type WebSocketConstructor = new (url: string) => WebSocketLike;

/**
 * `connecting` to the server, `connected`, `waiting` to reconnect, `offline` before the first connect and
 * after `disconnect`, `closed` because the server rejects the client: `error` says why.
 */
export type ConnectionState = 'offline' | 'connecting' | 'connected' | 'waiting' | 'closed';

/** The events of a connection. */
export interface ConnectionEvents {
  readonly state: ConnectionState;
  /** A frame with its data parsed. */
  readonly frame: Frame;
  readonly error: MevrikError;
}

/** A received frame with its data parsed. */
export interface Frame extends Omit<ServerFrame, 'data'> {
  readonly data: unknown;
}

/** Dependencies of a connection. */
export interface ConnectionDeps {
  /** The URL of the WebSocket. */
  readonly url: string;
  readonly webSocket: () => Promise<WebSocketConstructor>;
  /** From 0 to 1; spreads the reconnects of many clients. */
  readonly random: () => number;
  readonly onListenerError: (error: unknown) => void;
}

/** A connection that lasts this long counts as a success and resets the number of failures. */
const stableMs = 10_000;
/** How long to wait for the pong. */
const pongTimeoutMs = 30_000;
/** How long to wait for the server's greeting. */
const establishTimeoutMs = 20_000;

/** Keeps a connection to the gateway, and reconnects whenever it ends. */
export class Connection {
  readonly #deps: ConnectionDeps;
  readonly #events: Emitter<ConnectionEvents>;
  #state: ConnectionState = 'offline';
  #socket: WebSocketLike | undefined;
  #socketId: string | undefined;
  #failures = 0;
  #activityTimeoutMs = 120_000;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #watchdog: ReturnType<typeof setTimeout> | undefined;
  #stable: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ConnectionDeps) {
    this.#deps = options;
    this.#events = new Emitter(options.onListenerError);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The server's id of the connection, while it is open. */
  get socketId(): string | undefined {
    return this.#socketId;
  }

  on<Name extends keyof ConnectionEvents>(
    name: Name,
    listener: (data: ConnectionEvents[Name]) => void,
  ): Stop {
    return this.#events.on(name, listener);
  }

  /** Connects; immediately if it is waiting to reconnect. */
  connect(): void {
    if (this.#state === 'connecting' || this.#state === 'connected') return;
    clearTimeout(this.#retry);
    this.#setState('connecting');
    void this.#open();
  }

  /** The network may be back, or lost: reconnects or checks the connection immediately. */
  reconnectNow(): void {
    if (this.#state === 'waiting') this.connect();
    else if (this.#state === 'connected') this.#ping();
  }

  /** Emits an error. */
  reportError(error: MevrikError): void {
    this.#events.emit('error', error);
  }

  disconnect(): void {
    clearTimeout(this.#retry);
    this.#dropSocket(1000);
    this.#setState('offline');
  }

  /** Sends a frame; it is lost without a connection. */
  send(event: string, data: unknown, channel?: string): void {
    if (this.#state !== 'connected') return;
    this.#socket?.send(JSON.stringify(channel === undefined ? { event, data } : { event, channel, data }));
  }

  async #open(): Promise<void> {
    let socket: WebSocketLike;
    try {
      const WebSocket = await this.#deps.webSocket();
      if (this.#state !== 'connecting') return;
      socket = new WebSocket(this.#deps.url);
    } catch (error) {
      this.#events.emit('error', error instanceof MevrikError ? error : unreachable(error));
      this.#setState('closed');
      return;
    }
    this.#socket = socket;
    const whileCurrent = (act: (event: never) => void) => (event: never) => {
      if (this.#socket === socket) act(event);
    };
    socket.onmessage = whileCurrent((event: { data: unknown }) => this.#onText(String(event.data)));
    socket.onclose = whileCurrent((event: { code: number; reason: string }) => this.#onClose(event));
    // The close event follows, with everything that is known.
    socket.onerror = () => {};
    this.#startWatchdog(establishTimeoutMs, () => this.#abandon(socket));
  }

  #onText(text: string): void {
    let frame: Frame;
    try {
      const { data, ...rest } = JSON.parse(text) as ServerFrame;
      frame = { ...rest, data: typeof data === 'string' ? parse(data) : data };
    } catch {
      // A frame that is not JSON is ignored, like one with an unknown event.
      return;
    }
    if (frame.event === 'pusher:connection_established') this.#onEstablished(frame.data);
    else if (frame.event === 'pusher:ping') this.send('pusher:pong', {});
    else if (frame.event === 'pusher:error') this.#onError(frame.data);
    this.#events.emit('frame', frame);
    if (this.#state === 'connected') this.#startWatchdog(this.#activityTimeoutMs, () => this.#ping());
  }

  #onEstablished(data: unknown): void {
    const { socket_id, activity_timeout } = data as { socket_id: string; activity_timeout?: number };
    this.#socketId = socket_id;
    this.#activityTimeoutMs = (activity_timeout ?? 120) * 1000;
    this.#stable = setTimeout(() => {
      this.#failures = 0;
    }, stableMs);
    this.#setState('connected');
  }

  #onError(data: unknown): void {
    const { code, message } = (data ?? {}) as { code?: number | null; message?: string };
    this.#events.emit(
      'error',
      new MevrikError(0, String(code ?? 'protocol'), message ?? 'The server reported an error.'),
    );
  }

  #onClose({ code, reason }: { code: number; reason: string }): void {
    this.#dropSocket();
    const next = nextRetry(code, this.#failures, this.#deps.random());
    this.#failures += 1;
    if (next.giveUp) {
      this.#events.emit(
        'error',
        new MevrikError(0, String(code), reason || 'The server rejected the connection.'),
      );
      this.#setState('closed');
      return;
    }
    this.#retry = setTimeout(() => this.connect(), next.afterMs);
    this.#setState('waiting');
  }

  /** Pings the server; without an answer the connection is considered lost. */
  #ping(): void {
    const socket = this.#socket;
    this.send('pusher:ping', {});
    this.#startWatchdog(pongTimeoutMs, () => socket && this.#abandon(socket));
  }

  #abandon(socket: WebSocketLike): void {
    if (this.#socket !== socket) return;
    // Closing a dead connection can take minutes.
    socket.close();
    this.#onClose({ code: 1006, reason: '' });
  }

  #startWatchdog(withinMs: number, otherwise: () => void): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(otherwise, withinMs);
  }

  #dropSocket(code?: number): void {
    clearTimeout(this.#watchdog);
    clearTimeout(this.#stable);
    const socket = this.#socket;
    this.#socket = undefined;
    this.#socketId = undefined;
    if (code !== undefined) socket?.close(code);
  }

  #setState(state: ConnectionState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#events.emit('state', state);
  }
}

function unreachable(cause: unknown): MevrikError {
  return new MevrikError(0, 'unreachable', 'The connection could not be opened.', { cause });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Data that is not JSON is plain text.
    return text;
  }
}

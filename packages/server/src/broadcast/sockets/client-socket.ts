import { randomInt } from 'node:crypto';
import type { Duplex } from 'node:stream';
import {
  type ClientFrame,
  clientFrameSchema,
  closeCodes,
  type PusherChannel,
  type ServerFrame,
  type UserId,
} from '@mevrik/protocol';
import type { RawData, WebSocket } from 'ws';
import type { SubscriberIdentity } from '../access/access.ts';
import type { AppTraffic } from '../bus/rate-meter.ts';
import type { GatewayConfig } from '../gateway-config.ts';
import type { GatewayApp } from '../gateway-deps.ts';
import { encodeFrame } from './frame-encoder.ts';
import { RateBucket } from './rate-bucket.ts';
import { type FlushScheduler, WriteBatcher } from './write-batcher.ts';

/** The user signed in on a connection. */
export interface SocketUser {
  readonly id: string;
  /** Our principal; `undefined` for a user known only to the app's own back end. */
  readonly identity: SubscriberIdentity | undefined;
}

/** A connection's subscription to a channel. */
export interface SocketSubscription {
  readonly channel: PusherChannel;
  /** The member's id, on presence channels. */
  readonly userId?: UserId;
  /** Its client asked to resume, and so is notified when it must reload. */
  readonly resumes?: boolean;
}

/** What all connections of a gateway share: made once, because there are many of them. */
export interface ClientSocketDeps {
  readonly scheduler: FlushScheduler;
  readonly config: GatewayConfig;
  /** Handles a frame. The next one waits until it is done. */
  onFrame(socket: ClientSocket, frame: ClientFrame): void | Promise<void>;
  onClosed(socket: ClientSocket): void;
  onError(socket: ClientSocket, error: unknown): void;
}

/** What a connection is made from. */
export interface ClientSocketOptions {
  readonly app: GatewayApp;
  readonly ws: WebSocket;
  readonly stream: Duplex;
  readonly traffic: AppTraffic;
  readonly deps: ClientSocketDeps;
}

/** Liveness frames; a client that sends nothing else is idle. */
const pings: ReadonlySet<string> = new Set(['pusher:ping', 'pusher:pong']);
const pingFrame = encodeFrame({ event: 'pusher:ping', data: '{}' });
const pongFrame = encodeFrame({ event: 'pusher:pong', data: '{}' });

/**
 * One client's connection: `open` until either side closes it, `closing` while our close frame is unanswered, then
 * `closed`.
 */
export class ClientSocket {
  readonly id = `${randomInt(1, 1e10)}.${randomInt(1, 1e10)}`;
  readonly app: GatewayApp;
  readonly channels = new Map<string, SocketSubscription>();
  readonly isCompressed: boolean;
  readonly clientEvents: RateBucket;
  user: SocketUser | undefined;
  /** The channels of users on this connection's watchlist; most connections have none. */
  watched: Set<string> | undefined;
  /** It has signed in, or subscribed to a private or presence channel. */
  isAuthorized = false;

  readonly #ws: WebSocket;
  readonly #deps: ClientSocketDeps;
  readonly #traffic: AppTraffic;
  readonly #batcher: WriteBatcher;
  readonly #messages: RateBucket;
  readonly #queue: string[] = [];
  readonly #openedAt = performance.now();
  #state: 'open' | 'closing' | 'closed' = 'open';
  #isPumping = false;
  #lastReceivedAt = performance.now();
  /** A frame other than pings was sent or received since the last check. */
  #isActive = true;
  #activeAt = performance.now();
  #pingedAt: number | undefined;
  #closeTimer: NodeJS.Timeout | undefined;

  constructor(options: ClientSocketOptions) {
    const { app, ws, stream, traffic, deps } = options;
    const { scheduler, config } = deps;
    this.app = app;
    this.isCompressed = ws.extensions !== '';
    this.#ws = ws;
    this.#deps = deps;
    this.#traffic = traffic;
    this.clientEvents = new RateBucket(config.maxClientEventsPerSecond, config.maxClientEventsPerSecond);
    this.#messages = new RateBucket(
      config.maxMessagesPerSecond,
      config.maxMessagesPerSecond * config.messageBurstSeconds,
    );
    this.#batcher = new WriteBatcher({
      owner: this,
      stream,
      scheduler,
      maxBufferedBytes: config.maxBufferedBytes,
    });
    ws.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    ws.on('ping', (data) => this.#onPing(data));
    ws.on('pong', () => this.#onReceived());
    ws.on('close', () => this.#onClose());
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** The WebSocket's close frame has been written, whichever side started it. */
  get isClosing(): boolean {
    return this.#ws.readyState !== this.#ws.OPEN;
  }

  get bufferedBytes(): number {
    return this.#batcher.bufferedBytes;
  }

  /** Sends a whole frame, batched with the others of this event loop tick. */
  send(frame: Buffer): void {
    if (this.#state !== 'open') return;
    this.#isActive = true;
    this.#batcher.send(frame);
  }

  /** Answers a ping of the protocol. */
  pong(): void {
    if (this.#state === 'open') this.#batcher.send(pongFrame);
  }

  /** Sends an event; `data` is encoded as a JSON string, as the protocol requires. */
  sendEvent(event: string, data: unknown, channel?: string): void {
    const frame: ServerFrame = {
      event,
      ...(channel === undefined ? {} : { channel }),
      data: JSON.stringify(data),
    };
    this.send(encodeFrame(frame));
  }

  /** Sends a `pusher:error`, for a channel if it is named, without closing the connection. */
  sendError(message: string, code: number | null = null, channel?: string): void {
    const named = channel === undefined ? {} : { channel };
    this.send(encodeFrame({ event: 'pusher:error', ...named, data: { code, message } }));
  }

  /** Closes the connection with one of `closeCodes`; terminates it when the client does not answer. */
  close(code: number, message: string): void {
    if (this.#state !== 'open') return;
    this.sendError(message, code);
    this.#state = 'closing';
    this.#queue.length = 0;
    this.#batcher.end();
    const ws = this.#ws;
    ws.close(code, message);
    // A paused socket would never receive the answer.
    ws.resume();
    this.#closeTimer = setTimeout(() => ws.terminate(), this.#deps.config.closeTimeoutMs);
  }

  /** Closes the connection of a client that reads too slowly; it reconnects and may resume. */
  overflow(): void {
    if (this.#state === 'open') this.#traffic.cutOff += 1;
    this.close(closeCodes.overCapacity, 'Client is reading too slowly');
  }

  /** Resolves when the client has read most of its buffer, or the connection has ended. */
  drained(): Promise<void> {
    return this.#batcher.drained();
  }

  /** Terminates the connection without a close frame. */
  terminate(): void {
    this.#ws.terminate();
  }

  /**
   * Pings a silent client; closes the connection when the last ping was not answered, nothing but pings was exchanged for
   * too long, or its app requires an authorization that it does not have yet.
   */
  check(now: number): void {
    if (this.#state !== 'open') return;
    const { activityTimeoutSeconds, pongTimeoutSeconds, idleSeconds, authorizationSeconds } =
      this.#deps.config;
    const mustBeAuthorized = this.app.settings.realtime.authorizedConnections && !this.isAuthorized;
    if (mustBeAuthorized && now - this.#openedAt >= authorizationSeconds * 1000) {
      this.close(closeCodes.unauthorized, 'Connection not authorized within timeout');
      return;
    }
    if (this.#isActive) {
      this.#isActive = false;
      this.#activeAt = now;
    } else if (now - this.#activeAt >= idleSeconds * 1000) {
      this.close(closeCodes.idle, 'Closed after a long time without activity');
      return;
    }
    if (this.#pingedAt !== undefined) {
      if (now - this.#pingedAt >= pongTimeoutSeconds * 1000) {
        this.close(closeCodes.noPong, 'Pong reply not received in time');
      }
      return;
    }
    if (now - this.#lastReceivedAt < activityTimeoutSeconds * 1000) return;
    this.#pingedAt = now;
    this.#batcher.send(pingFrame);
  }

  #onReceived(): void {
    this.#lastReceivedAt = performance.now();
    this.#pingedAt = undefined;
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (this.#state !== 'open') return;
    this.#onReceived();
    const text = data.toString();
    this.#traffic.received.add(1, text.length);
    if (!this.#messages.take()) {
      this.close(closeCodes.overCapacity, 'Too many messages');
      return;
    }
    if (isBinary) {
      this.sendError('Binary frames are not supported');
      return;
    }
    this.#queue.push(text);
    void this.#pump();
  }

  /** The library's own pongs are neither bounded nor rate limited. */
  #onPing(data: Buffer): void {
    if (this.#state !== 'open') return;
    this.#onReceived();
    if (!this.#messages.take()) {
      this.close(closeCodes.overCapacity, 'Too many messages');
      return;
    }
    if (this.#batcher.bufferedBytes < this.#deps.config.maxBufferedBytes) this.#ws.pong(data);
  }

  /** One frame at a time, in order; reading pauses while a frame is being handled. */
  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    for (let text = this.#queue.shift(); text !== undefined; text = this.#queue.shift()) {
      const work = this.#act(text);
      if (!work) continue;
      this.#ws.pause();
      await work;
      if (this.#state !== 'closed') this.#ws.resume();
    }
    this.#isPumping = false;
  }

  #act(text: string): Promise<void> | undefined {
    const frame = readFrame(text);
    if (!frame) {
      this.sendError('Invalid frame: send JSON with an event');
      return undefined;
    }
    if (!pings.has(frame.event)) this.#isActive = true;
    try {
      return this.#deps.onFrame(this, frame)?.catch((error: unknown) => this.#deps.onError(this, error));
    } catch (error) {
      this.#deps.onError(this, error);
      return undefined;
    }
  }

  #onClose(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#closeTimer);
    this.#queue.length = 0;
    this.#batcher.end();
    this.#deps.onClosed(this);
  }
}

function readFrame(text: string): ClientFrame | undefined {
  try {
    return clientFrameSchema.safeParse(JSON.parse(text)).data;
  } catch {
    // Not JSON: the client receives an error frame.
    return undefined;
  }
}

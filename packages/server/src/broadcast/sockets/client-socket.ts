import { randomInt } from 'node:crypto';
import type { Duplex } from 'node:stream';
import {
  type ClientFrame,
  clientFrameSchema,
  closeCodes,
  type PusherChannel,
  type ServerFrame,
} from '@mevrik/protocol';
import type { RawData, WebSocket } from 'ws';
import type { Hearer } from '../access/access.ts';
import type { AppTraffic } from '../bus/rate-meter.ts';
import type { GatewayConfig } from '../gateway-config.ts';
import type { GatewayApp } from '../gateway-deps.ts';
import { encodeFrame } from './frame-encoder.ts';
import { RateBucket } from './rate-bucket.ts';
import { Outlet, type Turn } from './write-batcher.ts';

/** Who signed in on a connection. */
export interface SocketUser {
  readonly id: string;
  /** Who that is to us; `undefined` for a user that only the app's own back end knows. */
  readonly hearer: Hearer | undefined;
}

/** A channel that a connection is subscribed to. */
export interface Subscription {
  readonly channel: PusherChannel;
  /** The member's id, on presence channels. */
  readonly userId?: string;
  /** Its client asked to be told what it misses, and so also when that cannot be. */
  readonly resumes?: boolean;
}

/** What all connections of a gateway have in common: made once, because there are many of them. */
export interface SocketKeeper {
  readonly turn: Turn;
  readonly config: GatewayConfig;
  /** Acts on a frame. The next one waits until it is done. */
  onFrame(socket: ClientSocket, frame: ClientFrame): void | Promise<void>;
  onClosed(socket: ClientSocket): void;
  onFault(socket: ClientSocket, error: unknown): void;
}

/** What a connection is given. */
export interface ClientSocketOptions {
  readonly app: GatewayApp;
  readonly ws: WebSocket;
  readonly stream: Duplex;
  readonly traffic: AppTraffic;
  readonly keeper: SocketKeeper;
}

/** Signs of life; whoever sends nothing else is idle. */
const pings: ReadonlySet<string> = new Set(['pusher:ping', 'pusher:pong']);
const pingFrame = encodeFrame({ event: 'pusher:ping', data: '{}' });
const pongFrame = encodeFrame({ event: 'pusher:pong', data: '{}' });

/**
 * One client's connection after its app was found: `open` until either side ends it, `closing` while our farewell is
 * on its way, `closed` for good.
 */
export class ClientSocket {
  readonly id = `${randomInt(1, 1e10)}.${randomInt(1, 1e10)}`;
  readonly app: GatewayApp;
  readonly channels = new Map<string, Subscription>();
  readonly isCompressed: boolean;
  readonly clientEvents: RateBucket;
  user: SocketUser | undefined;
  /** Channels that tell of users whom this connection watches; most watch nobody. */
  watched: Set<string> | undefined;
  /** Refusals that were written to the audit trail; bounded, so that nobody fills it. */
  auditedRefusals = 0;

  readonly #ws: WebSocket;
  readonly #keeper: SocketKeeper;
  readonly #traffic: AppTraffic;
  readonly #outlet: Outlet;
  readonly #messages: RateBucket;
  readonly #queue: string[] = [];
  #state: 'open' | 'closing' | 'closed' = 'open';
  #isPumping = false;
  #heardAt = performance.now();
  /** Something other than pings went to or fro since it was looked at last. */
  #isActive = true;
  #activeAt = performance.now();
  #pingedAt: number | undefined;
  #farewell: NodeJS.Timeout | undefined;

  constructor(options: ClientSocketOptions) {
    const { app, ws, stream, traffic, keeper } = options;
    const { turn, config } = keeper;
    this.app = app;
    this.isCompressed = ws.extensions !== '';
    this.#ws = ws;
    this.#keeper = keeper;
    this.#traffic = traffic;
    this.clientEvents = new RateBucket(config.maxClientEventsPerSecond, config.maxClientEventsPerSecond);
    this.#messages = new RateBucket(
      config.maxMessagesPerSecond,
      config.maxMessagesPerSecond * config.messageBurstSeconds,
    );
    this.#outlet = new Outlet({ owner: this, stream, turn, maxBufferedBytes: config.maxBufferedBytes });
    ws.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    ws.on('ping', (data) => this.#onPing(data));
    ws.on('pong', () => this.#heard());
    ws.on('close', () => this.#onClose());
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** The WebSocket's farewell has been written, by whichever side's wish. */
  get isOver(): boolean {
    return this.#ws.readyState !== this.#ws.OPEN;
  }

  get bufferedBytes(): number {
    return this.#outlet.bufferedBytes;
  }

  /** Sends a whole frame, with the others of this turn of the event loop. */
  send(frame: Buffer): void {
    if (this.#state !== 'open') return;
    this.#isActive = true;
    this.#outlet.send(frame);
  }

  /** Answers a ping of the protocol. */
  pong(): void {
    if (this.#state === 'open') this.#outlet.send(pongFrame);
  }

  /** Sends a frame of our own making; `data` is put in as JSON in a text, as the protocol has it. */
  tell(event: string, data: unknown, channel?: string): void {
    const frame: ServerFrame = {
      event,
      ...(channel === undefined ? {} : { channel }),
      data: JSON.stringify(data),
    };
    this.send(encodeFrame(frame));
  }

  /** Tells the client of a mistake without ending the connection. */
  complain(message: string, code: number | null = null): void {
    this.tell('pusher:error', { code, message });
  }

  /** Says farewell with one of `closeCodes`, and ends the connection also when the client does not answer. */
  close(code: number, message: string): void {
    if (this.#state !== 'open') return;
    this.complain(message, code);
    this.#state = 'closing';
    this.#queue.length = 0;
    this.#outlet.end();
    const ws = this.#ws;
    ws.close(code, message);
    // A paused socket would never see the answer.
    ws.resume();
    this.#farewell = setTimeout(() => ws.terminate(), this.#keeper.config.farewellMs);
  }

  /** Cuts off a client that reads too slowly; it comes back, and may ask for what it has missed. */
  overflow(): void {
    if (this.#state === 'open') this.#traffic.cutOff += 1;
    this.close(closeCodes.overCapacity, 'You read too slowly');
  }

  /** Resolves when the client has taken most of what waits for it, or the connection has ended. */
  drained(): Promise<void> {
    return this.#outlet.drained();
  }

  /** Ends the connection without a word. */
  terminate(): void {
    this.#ws.terminate();
  }

  /**
   * Asks a silent client whether it is still there; ends the connection when it did not answer the last time, or has
   * done nothing but answer for very long.
   */
  check(now: number): void {
    if (this.#state !== 'open') return;
    const { activityTimeoutSeconds, pongTimeoutSeconds, idleSeconds } = this.#keeper.config;
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
    if (now - this.#heardAt < activityTimeoutSeconds * 1000) return;
    this.#pingedAt = now;
    this.#outlet.send(pingFrame);
  }

  #heard(): void {
    this.#heardAt = performance.now();
    this.#pingedAt = undefined;
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (this.#state !== 'open') return;
    this.#heard();
    const text = data.toString();
    this.#traffic.received.add(1, text.length);
    if (!this.#messages.take()) {
      this.close(closeCodes.overCapacity, 'Too many messages');
      return;
    }
    if (isBinary) {
      this.complain('Binary frames are not part of the protocol');
      return;
    }
    this.#queue.push(text);
    void this.#pump();
  }

  /** The library's own pongs are neither bounded nor limited in rate. */
  #onPing(data: Buffer): void {
    if (this.#state !== 'open') return;
    this.#heard();
    if (!this.#messages.take()) {
      this.close(closeCodes.overCapacity, 'Too many messages');
      return;
    }
    if (this.#outlet.bufferedBytes < this.#keeper.config.maxBufferedBytes) this.#ws.pong(data);
  }

  /** One frame after the other, in the client's order; while one takes its time, nothing further is read. */
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
      this.complain('Not a frame of the protocol: send JSON with an event');
      return undefined;
    }
    if (!pings.has(frame.event)) this.#isActive = true;
    try {
      return this.#keeper.onFrame(this, frame)?.catch((error: unknown) => this.#keeper.onFault(this, error));
    } catch (error) {
      this.#keeper.onFault(this, error);
      return undefined;
    }
  }

  #onClose(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#farewell);
    this.#queue.length = 0;
    this.#outlet.end();
    this.#keeper.onClosed(this);
  }
}

function readFrame(text: string): ClientFrame | undefined {
  try {
    return clientFrameSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

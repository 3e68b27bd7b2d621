import { once } from 'node:events';
import { WebSocket } from 'ws';

interface Message {
  readonly event: string;
  readonly channel?: string;
  readonly data?: string;
  readonly at?: readonly [number, number];
}

/** The `resume` field of `subscription_succeeded`. */
export interface SaidOfResuming {
  readonly epoch: string;
  readonly positions: Record<string, number>;
  readonly recovered?: boolean;
}

/** A client's state of a channel, across connections. */
export interface Memory {
  position: { epoch: string; positions: Record<string, number> } | undefined;
  /** The payloads that it has shown, without duplicates. */
  readonly shown: unknown[];
  reloads: number;
  recoveries: number;
}

/** A client that has received nothing yet. */
export function newMemory(): Memory {
  return { position: undefined, shown: [], reloads: 0, recoveries: 0 };
}

/** Subscribes to one channel as docs/PROTOCOL.md describes for clients that must not miss anything. */
export class ResumingClient {
  readonly ws: WebSocket;
  /** Resolves with the `resume` field once the client is subscribed. */
  readonly subscribed: Promise<SaidOfResuming | undefined>;
  readonly socketId: Promise<string>;
  readonly #memory: Memory;
  #seen: Record<string, number>;
  readonly #channel: string;
  #onSubscribed: (said: SaidOfResuming | undefined) => void = () => {};
  #onSocketId: (id: string) => void = () => {};

  /** @param url http URL of a node. `sign` authorizes the subscription. */
  constructor(
    url: string,
    appKey: string,
    channel: string,
    memory: Memory,
    sign: (socketId: string) => Promise<string | undefined> = async () => undefined,
  ) {
    this.#memory = memory;
    this.#channel = channel;
    this.#seen = { ...memory.position?.positions };
    this.ws = new WebSocket(`${url.replace('http', 'ws')}/app/${appKey}?protocol=7`);
    // The close event follows.
    this.ws.on('error', () => {});
    this.subscribed = new Promise((resolve) => {
      this.#onSubscribed = resolve;
    });
    this.socketId = new Promise((resolve) => {
      this.#onSocketId = resolve;
    });
    this.ws.on('message', (text) => void this.#take(JSON.parse(String(text)), sign));
  }

  /** Cuts the connection without a close frame, as a network failure does. */
  async cut(): Promise<void> {
    if (this.ws.readyState === WebSocket.CLOSED) return;
    const closed = once(this.ws, 'close');
    this.ws.terminate();
    await closed;
  }

  async #take(message: Message, sign: (socketId: string) => Promise<string | undefined>): Promise<void> {
    const data = typeof message.data === 'string' ? JSON.parse(message.data) : (message.data ?? {});
    if (message.event === 'pusher:connection_established') {
      this.#onSocketId(data.socket_id);
      const auth = await sign(data.socket_id);
      const resume = this.#memory.position ?? {};
      this.ws.send(
        JSON.stringify({ event: 'pusher:subscribe', data: { channel: this.#channel, auth, resume } }),
      );
    } else if (message.channel === this.#channel && message.event.endsWith('subscription_succeeded')) {
      this.#stand(data.resume);
      this.#onSubscribed(data.resume);
    } else if (message.event === 'mevrik:reload') {
      this.#memory.reloads += 1;
    } else if (message.channel === this.#channel && message.at) {
      this.#show(message.at, data);
    }
  }

  #show([partition, offset]: readonly [number, number], data: unknown): void {
    if (offset <= (this.#seen[partition] ?? -1)) return;
    this.#seen[partition] = offset;
    if (this.#memory.position) this.#memory.position.positions[partition] = offset;
    this.#memory.shown.push(data);
  }

  #stand(said: SaidOfResuming | undefined): void {
    if (!said) return;
    const { position } = this.#memory;
    if (position && said.recovered) this.#memory.recoveries += 1;
    if (position && !said.recovered) this.#memory.reloads += 1;
    if (position && !said.recovered) this.#seen = {};
    const known = { ...(said.recovered ? position?.positions : {}), ...this.#seen };
    const positions = { ...said.positions };
    for (const [partition, offset] of Object.entries(known)) {
      positions[partition] = Math.max(offset, positions[partition] ?? 0);
    }
    this.#memory.position = { epoch: said.epoch, positions };
  }
}

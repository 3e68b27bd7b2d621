import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** A network in front of a server, that can be cut or fall silent. */
export interface TestNetwork {
  readonly url: string;
  /** Carries nothing in either direction, as a network failure that neither end notices; `release` delivers it all. */
  hold(): void;
  release(): void;
  /** Carries everything so many milliseconds later, in order; 0 ends it. */
  slow(ms: number): void;
  /** Carries nothing on the connections of this moment any more, without either end noticing; new ones work. */
  abandon(): void;
  /** Closes the connections of this moment for the clients; the server does not notice. New ones work. */
  breakOff(): void;
  /** Carries nothing on new connections; those of this moment go on. `restore` ends it for later ones. */
  abandonNew(): void;
  /** Closes every connection, and rejects new ones. */
  cut(): void;
  restore(): void;
  stop(): void;
}

/** Creates a network to a port or a Unix socket of this machine. */
export async function startNetwork(to: number | { readonly path: string }): Promise<TestNetwork> {
  const address = typeof to === 'number' ? { port: to, host: '127.0.0.1' } : to;
  /** The connections of clients, and their other halves to the server. */
  const sockets = new Map<Socket, Socket>();
  const leftOpen = new Set<() => void>();
  let isCut = false;
  let isFull = false;
  let release = () => {};
  let released = Promise.resolve();
  let slowMs = 0;
  const abandoned = new WeakSet<Socket>();
  const server = createServer((socket) => {
    if (isFull) abandoned.add(socket);
    const delivery = () => (abandoned.has(socket) ? new Promise(() => {}) : released);
    async function* carry(source: AsyncIterable<Buffer>) {
      for await (const bytes of source) {
        if (slowMs > 0) await delay(slowMs);
        await delivery();
        yield bytes;
      }
      await delivery();
    }
    if (isCut) return void socket.destroy();
    const upstream = connect(address);
    sockets.set(socket, upstream);
    pipeline(socket, carry, upstream, carry, socket, () => sockets.delete(socket));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    isCut = true;
    for (const socket of sockets.keys()) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold() {
      release();
      released = new Promise((resolve) => {
        release = resolve;
      });
    },
    release: () => release(),
    slow(ms) {
      slowMs = ms;
    },
    abandon() {
      for (const socket of sockets.keys()) abandoned.add(socket);
    },
    breakOff: () => leaveOpen(sockets, leftOpen),
    abandonNew() {
      isFull = true;
    },
    cut,
    restore() {
      isCut = false;
      isFull = false;
    },
    stop() {
      release();
      cut();
      for (const close of leftOpen) close();
      server.close();
    },
  };
}

/** Closes the clients' halves of connections only; `leftOpen` gets what closes the others. */
function leaveOpen(sockets: ReadonlyMap<Socket, Socket>, leftOpen: Set<() => void>): void {
  for (const [socket, upstream] of sockets) {
    leftOpen.add(upstream.destroy.bind(upstream));
    // The end of the client's half would end this one.
    upstream.destroy = () => upstream;
    socket.destroy();
  }
}

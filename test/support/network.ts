import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream';

/** A network in front of a server, that can be cut or fall silent. */
export interface TestNetwork {
  readonly url: string;
  /** Carries nothing in either direction, as a network failure that neither end notices; `release` delivers it all. */
  hold(): void;
  release(): void;
  /** Closes every connection, and rejects new ones. */
  cut(): void;
  restore(): void;
  stop(): void;
}

/** Creates a network to a port of this machine. */
export async function startNetwork(port: number): Promise<TestNetwork> {
  const sockets = new Set<Socket>();
  let isCut = false;
  let release = () => {};
  let released = Promise.resolve();
  async function* carry(source: AsyncIterable<Buffer>) {
    for await (const bytes of source) {
      await released;
      yield bytes;
    }
    await released;
  }
  const server = createServer((socket) => {
    sockets.add(socket);
    if (isCut) socket.destroy();
    else pipeline(socket, carry, connect(port, '127.0.0.1'), carry, socket, () => sockets.delete(socket));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
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
    cut,
    restore() {
      isCut = false;
    },
    stop() {
      release();
      cut();
      server.close();
    },
  };
}

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream';

/** A network between a page and a server, that can be cut. */
export interface TestNetwork {
  readonly url: string;
  /** Closes every connection, and rejects new ones. */
  cut(): void;
  restore(): void;
  stop(): void;
}

/** Creates a network to a port of this machine. */
export async function startNetwork(port: number): Promise<TestNetwork> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((socket) => {
    sockets.add(socket);
    if (isCut) socket.destroy();
    else pipeline(socket, connect(port, '127.0.0.1'), socket, () => sockets.delete(socket));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    restore() {
      isCut = false;
    },
    stop() {
      cut();
      server.close();
    },
  };
}

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream';

/** A load balancer: new connections go to nodes that are ready, in turn; to any that runs if none is. */
export interface Balancer {
  readonly url: string;
  stop(): void;
}

const checkMs = 300;
const checkWithinMs = 1_000;

/** Starts a load balancer in front of nodes. `addresses` returns those of the nodes that run now. */
export async function startBalancer(addresses: () => readonly string[]): Promise<Balancer> {
  const sockets = new Set<Socket>();
  let ready: readonly string[] = [];
  let turn = 0;
  let isStopped = false;
  const check = async () => {
    const answers = await Promise.all(addresses().map(async (url) => ({ url, isReady: await isReady(url) })));
    ready = answers.filter((one) => one.isReady).map(({ url }) => url);
    if (!isStopped) setTimeout(() => void check(), checkMs);
  };
  const choose = () => {
    const running = addresses();
    const candidates = ready.filter((url) => running.includes(url));
    const among = candidates.length > 0 ? candidates : running;
    turn += 1;
    return among[turn % among.length];
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    const to = choose();
    if (to === undefined) socket.destroy();
    else {
      const { hostname, port } = new URL(to);
      // Whichever side ends, the other one does.
      pipeline(
        socket,
        connect(Number(port), hostname === 'localhost' ? '127.0.0.1' : hostname),
        socket,
        () => {},
      );
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  await check();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      isStopped = true;
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    const { status } = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(checkWithinMs) });
    return status === 200;
  } catch {
    // It does not answer, or not in time.
    return false;
  }
}

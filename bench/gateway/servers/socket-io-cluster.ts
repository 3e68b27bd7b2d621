// Socket.IO with its cluster adapter. Argument: the number of processes. The first worker publishes.
import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { FromPublisher, ToPublisher } from '../messages.ts';
import { contents, serve } from './publisher.ts';

const require = createRequire(import.meta.url);
const { createAdapter, setupPrimary } = require('@socket.io/cluster-adapter');

if (cluster.isPrimary) lead(Number(process.argv[2] ?? 1));
else await work();

function lead(count: number): void {
  setupPrimary();
  const workers = Array.from({ length: count }, () => cluster.fork());
  const [first] = workers;
  let listening = 0;
  process.on('message', (message: ToPublisher) => first?.send(message));
  process.on('disconnect', () => {
    for (const worker of workers) worker.process.kill('SIGKILL');
    process.exit();
  });
  for (const worker of workers) {
    // The adapter's messages arrive here as well.
    worker.on('message', (message: Partial<FromPublisher>) => {
      if (message.is === 'listening' && ++listening < count) return;
      if (message.is) process.send?.(message);
    });
  }
}

async function work(): Promise<void> {
  const { Server } = require('socket.io');
  const http = createServer();
  const io = new Server(http, { adapter: createAdapter() });
  io.on('connection', (socket: { on(event: string, act: unknown): void; join(room: string): void }) => {
    socket.on('subscribe', (channel: string, confirm: () => void) => {
      socket.join(channel);
      confirm();
    });
  });
  http.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
  await once(http, 'listening');
  const contentOf = contents((content) => `42${JSON.stringify(['message_post', content])}`);
  serve({
    port: (http.address() as AddressInfo).port,
    publish: (channel, atUs) => void io.to(channel).emit('message_post', contentOf(atUs)),
  });
}

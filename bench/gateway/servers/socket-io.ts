// Socket.IO with its default settings; clients connect by WebSocket without polling first.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { contents, serve } from './publisher.ts';

const { Server } = createRequire(import.meta.url)('socket.io');
const http = createServer();
const io = new Server(http);
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

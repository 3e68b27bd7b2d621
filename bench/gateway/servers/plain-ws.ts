// The simplest server with the `ws` library: a set of sockets per channel, and one send per socket.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { contents, pusherFrame, sampleChannel, serve } from './publisher.ts';

const channels = new Map<string, Set<WebSocket>>();
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', backlog: 4096 });
server.on('connection', (socket) => {
  socket.on('message', (message) => {
    const { channel } = JSON.parse(String(message)).data;
    const subscribers = channels.get(channel) ?? new Set();
    channels.set(channel, subscribers.add(socket));
    socket.send(JSON.stringify({ event: 'pusher_internal:subscription_succeeded', channel, data: '{}' }));
  });
  socket.send(JSON.stringify({ event: 'pusher:connection_established', data: '{}' }));
});
await once(server, 'listening');

const contentOf = contents((content) => pusherFrame(sampleChannel, content));
serve({
  port: (server.address() as AddressInfo).port,
  publish(channel, atUs) {
    const frame = Buffer.from(pusherFrame(channel, contentOf(atUs)));
    for (const socket of channels.get(channel) ?? []) {
      if (socket.readyState === WebSocket.OPEN) socket.send(frame, { binary: false });
    }
  },
});

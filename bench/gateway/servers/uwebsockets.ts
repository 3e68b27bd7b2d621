// The minimal server with uWebSockets.js: its own publish and subscribe, without any check.
import { createRequire } from 'node:module';
import { contents, pusherFrame, sampleChannel, serve } from './publisher.ts';

interface Socket {
  send(text: string): void;
  subscribe(channel: string): void;
}
const uWS = createRequire(import.meta.url)('@uwsjs/core');
const app = uWS.App();
app.ws('/app/*', {
  maxBackpressure: 16 * 1024 * 1024,
  idleTimeout: 120,
  open(socket: Socket) {
    socket.send(JSON.stringify({ event: 'pusher:connection_established', data: '{}' }));
  },
  message(socket: Socket, message: ArrayBuffer) {
    const { channel } = JSON.parse(Buffer.from(message).toString()).data;
    socket.subscribe(channel);
    socket.send(JSON.stringify({ event: 'pusher_internal:subscription_succeeded', channel, data: '{}' }));
  },
});
const port = await new Promise<number>((resolve) => {
  app.listen('127.0.0.1', 0, (socket: unknown) => resolve(uWS.us_socket_local_port(socket)));
});

const contentOf = contents((content) => pusherFrame(sampleChannel, content));
serve({
  port,
  publish: (channel, atUs) => void app.publish(channel, pusherFrame(channel, contentOf(atUs))),
});

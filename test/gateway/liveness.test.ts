import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RawClient, startGateway, type TestGateway } from '../support/gateway.ts';
import { publish } from '../support/gateway-clients.ts';
import { holdClock } from '../support/held-clock.ts';
import { standStill } from '../support/stand-still.ts';

let server: TestGateway;
let clock: ReturnType<typeof holdClock>;
beforeEach(() => {
  clock = holdClock();
});
afterEach(async () => {
  clock.release();
  await server.stop();
});

/** Sends these frames on every ping. */
function answer(client: RawClient, ...frames: readonly object[]): void {
  client.ws.on('message', (data) => {
    if (data.toString().includes('pusher:ping')) for (const frame of frames) client.send(frame);
  });
}

/** A client that has been pinged and whose pong has arrived. */
async function asked(client: RawClient): Promise<void> {
  await client.next('pusher:ping');
  await client.settled();
}

describe('a connection', () => {
  it('that sends too much is closed with 4100', async () => {
    server = await startGateway({ config: { maxMessagesPerSecond: 5 } });
    const client = server.raw();
    await client.socketId();
    for (let at = 0; at < 50; at += 1) client.send({ event: 'pusher:unsubscribe', data: { channel: 'x' } });
    clock.pass(1_000);
    for (let at = 0; at < 5; at += 1) client.send({ event: 'pusher:ping', data: {} });
    client.send({ event: 'pusher:ping', data: {} });
    expect((await client.closed).code).toBe(4100);
  });

  it('that is silent is pinged, and closed with 4201 when it does not answer', async () => {
    server = await startGateway({ config: { activityTimeoutSeconds: 0.1, pongTimeoutSeconds: 0.1 } });
    const [silent, alive] = [server.raw(), server.raw()];
    answer(alive, { event: 'pusher:pong', data: {} });
    await Promise.all([silent.socketId(), alive.socketId()]);
    clock.pass(100);
    await Promise.all([silent.next('pusher:ping'), asked(alive)]);
    clock.pass(100);
    expect((await silent.closed).code).toBe(4201);
    for (let at = 0; at < 5; at += 1) {
      await asked(alive);
      clock.pass(100);
    }
    await asked(alive);
  });

  it('that has answered stays open when the server stood still meanwhile', async () => {
    server = await startGateway({ config: { activityTimeoutSeconds: 0.1, pongTimeoutSeconds: 0.1 } });
    const client = server.raw();
    await client.socketId();
    clock.pass(100);
    await client.next('pusher:ping');
    client.send({ event: 'pusher:pong', data: {} });
    clock.pass(100);
    // Longer than between two checks.
    standStill(60);
    await client.settled();
    expect(client.ws.readyState).toBe(client.ws.OPEN);
  });

  it('that never reads is cut off, and its send buffer stays bounded', async () => {
    server = await startGateway({ config: { maxBufferedBytes: 100_000 } });
    const reader = server.raw();
    await reader.socketId();
    reader.subscribe('messages');
    await reader.next('pusher_internal:subscription_succeeded');
    const deaf = await deafSocket(server.port);
    await expect.poll(() => server.gateway.inspect().topics[0]?.subscribers).toBe(2);
    const text = 'x'.repeat(50_000);
    for (let at = 0; at < 400 && server.gateway.inspect().topics[0]?.subscribers === 2; at += 1) {
      await publish(server, 'messages', { text });
      await reader.next('message_post');
    }
    await expect.poll(() => server.gateway.inspect().topics[0]?.subscribers).toBe(1);
    deaf.destroy();
    await publish(server, 'messages', { fine: true });
    expect((await reader.next('message_post')).data).toEqual({ fine: true });
  });
});

describe('4202: an inactive connection', () => {
  const config = { activityTimeoutSeconds: 0.05, pongTimeoutSeconds: 30, idleSeconds: 0.4 };

  it('is closed even if it answers pings, and active ones are not', async () => {
    server = await startGateway({ config });
    const [idle, busy, subscriber] = [server.raw(), server.raw(), server.raw()];
    answer(idle, { event: 'pusher:pong' }, { event: 'pusher:ping' });
    answer(busy, { event: 'pusher:pong' }, { event: 'pusher:unsubscribe', data: { channel: 'x' } });
    answer(subscriber, { event: 'pusher:pong' });
    await Promise.all([idle, busy, subscriber].map((client) => client.socketId()));
    subscriber.subscribe('messages');
    await subscriber.next('pusher_internal:subscription_succeeded');
    for (let passed = 0; passed < 1_000; passed += 50) {
      clock.pass(50);
      await Promise.all([asked(busy), asked(subscriber)]);
      await publish(server, 'messages', { passed });
      await subscriber.next('message_post');
    }
    expect((await idle.next('pusher:error')).data).toMatchObject({ code: 4202 });
    expect((await idle.closed).code).toBe(4202);
    await Promise.all([busy.settled(), subscriber.settled()]);
  });

  it('is kept until the inactivity timeout', async () => {
    server = await startGateway({ config: config });
    const idle = server.raw();
    answer(idle, { event: 'pusher:pong' });
    await idle.socketId();
    for (let passed = 0; passed < 350; passed += 50) {
      clock.pass(50);
      await asked(idle);
    }
    clock.pass(400);
    expect((await idle.closed).code).toBe(4202);
  });
});

/** Subscribes to `messages` and then never reads again. */
async function deafSocket(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  // The server cuts the connection, as expected.
  socket.on('error', () => {});
  socket.write(
    `GET /app/acme?protocol=7 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n\r\n`,
  );
  await once(socket, 'data');
  const text = Buffer.from('{"event":"pusher:subscribe","data":{"channel":"messages"}}');
  const head = Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]);
  socket.write(Buffer.concat([head, text]));
  socket.pause();
  return socket;
}

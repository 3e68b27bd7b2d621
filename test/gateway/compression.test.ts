import { once } from 'node:events';
import { inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { deflatedFrame } from '../../packages/server/src/broadcast/sockets/frame-encoder.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

let server: TestGateway;
afterEach(() => server?.stop());

const long = { text: 'the same words again and again. '.repeat(200) };

/** A client that subscribes to a channel, with the number of bytes it received on the wire. */
async function listen(perMessageDeflate: boolean) {
  const ws = new WebSocket(`ws://127.0.0.1:${server.port}/app/acme?protocol=7`, { perMessageDeflate });
  const received: unknown[] = [];
  const subscribed = new Promise<void>((resolve) => {
    ws.on('message', (text) => {
      const frame = JSON.parse(String(text));
      if (frame.event === 'pusher_internal:subscription_succeeded') resolve();
      if (frame.event === 'message_post') received.push(JSON.parse(frame.data));
    });
  });
  await once(ws, 'open');
  ws.send(JSON.stringify({ event: 'pusher:subscribe', data: { channel: 'messages' } }));
  await subscribed;
  const bytesBefore = bytesRead(ws);
  return { ws, received, bytes: () => bytesRead(ws) - bytesBefore };
}

function bytesRead(ws: WebSocket): number {
  return (ws as unknown as { _socket: { bytesRead: number } })._socket.bytesRead;
}

const publish = (payload: Record<string, unknown>) =>
  server.gateway.publish([{ appId: 1, topic: 'messages', event: 'message_post', payload }]);

describe('compression', () => {
  it('is off by default', async () => {
    server = await startGateway();
    const { ws, received, bytes } = await listen(true);
    expect(ws.extensions).toBe('');
    await publish(long);
    await expect.poll(() => received).toEqual([long]);
    expect(bytes()).toBeGreaterThan(long.text.length);
    ws.terminate();
  });

  it('is negotiated per client, and the others receive the same messages', async () => {
    server = await startGateway({ config: { compression: true } });
    const [small, large] = [await listen(true), await listen(false)];
    expect(small.ws.extensions).toContain('permessage-deflate');
    const messages = [long, { text: 'short' }, { ...long, n: 2 }];
    for (const message of messages) await publish(message);
    for (const { received } of [small, large]) await expect.poll(() => received).toEqual(messages);
    expect(large.bytes()).toBeGreaterThan(2 * long.text.length);
    expect(small.bytes()).toBeLessThan(large.bytes() / 5);
    for (const { ws } of [small, large]) ws.terminate();
  });

  it('accepts compressed frames, up to the limit of their uncompressed size', async () => {
    server = await startGateway({ config: { compression: true } });
    const { ws } = await listen(true);
    const closed = once(ws, 'close');
    ws.send(JSON.stringify({ event: 'pusher:ping', data: ' '.repeat(10_000_000) }), { compress: true });
    expect((await closed)[0]).toBe(1009);
    const other = await listen(true);
    other.ws.send(JSON.stringify({ event: 'pusher:subscribe', data: { channel: 'x'.repeat(180) } }), {
      compress: true,
    });
    await publish(long);
    await expect.poll(() => other.received).toEqual([long]);
    other.ws.terminate();
  });

  it('of any text is reversible', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 500, maxLength: 3_000 }), (text) => {
        const frame = deflatedFrame(text);
        if (!frame) return;
        const length = frame.readUInt8(1);
        const head = length < 126 ? 2 : length === 126 ? 4 : 10;
        const whole = Buffer.concat([frame.subarray(head), Buffer.from([0, 0, 0xff, 0xff])]);
        expect(inflateRawSync(whole, { finishFlush: 2 }).toString()).toBe(text);
      }),
    );
  });
});

import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';

let server: TestGateway;
afterEach(() => server.stop());

/** Clients that subscribe to a channel. */
async function listeners(count: number) {
  const clients = Array.from({ length: count }, () => server.raw());
  for (const client of clients) {
    await client.socketId();
    client.subscribe('messages');
    await client.next('pusher_internal:subscription_succeeded');
  }
  return clients;
}

describe('a drain', () => {
  it('loses no message that was in flight', async () => {
    server = await startGateway({ config: { drainMs: 0 } });
    const clients = await listeners(5);
    const sent = Array.from({ length: 500 }, (_, n) => ({ n, text: 'x'.repeat(500) }));
    const published = sent.map((payload) =>
      server.gateway.publish([{ appId: 1, topic: 'messages', event: 'message_post', payload }]),
    );
    await Promise.all([server.gateway.drain(), ...published]);
    for (const client of clients) {
      expect((await client.closed).code).toBe(4200);
      const received = client.frames.filter(({ event }) => event === 'message_post').map(({ data }) => data);
      expect(received).toEqual(sent);
    }
  });

  it('keeps serving clients until they are disconnected', async () => {
    server = await startGateway({ config: { drainMs: 60_000 } });
    // Enough clients to disconnect them in several steps.
    const clients = await listeners(200);
    const drained = server.gateway.drain();
    await Promise.race(clients.map(({ ws }) => once(ws, 'message')));
    const left = clients.filter(({ frames }) => !frames.some(({ event }) => event === 'pusher:error'));
    expect(left.length).toBeGreaterThan(0);
    await server.gateway.publish([{ appId: 1, topic: 'messages', event: 'message_post', payload: { n: 1 } }]);
    expect((await left.at(-1)?.next('message_post'))?.data).toEqual({ n: 1 });
    await drained;
    await Promise.all(clients.map(({ closed }) => closed));
  });

  it('ends even if clients never answer', async () => {
    server = await startGateway({ config: { drainMs: 0 } });
    const [client] = await listeners(1);
    client?.ws.pause();
    await server.gateway.drain();
    await server.gateway.stop();
    client?.ws.resume();
    if (client) await once(client.ws, 'close');
    expect(server.gateway.inspect().connections).toBe(0);
  });

  it('is spread over time: every client is closed with 4200, and new clients get 503', async () => {
    server = await startGateway({ config: { drainMs: 200 } });
    const clients = Array.from({ length: 20 }, () => server.raw());
    await Promise.all(clients.map((client) => client.socketId()));
    const drained = server.gateway.drain();
    const { ws } = server.raw();
    const [, response] = (await once(ws, 'unexpected-response')) as [unknown, { statusCode: number }];
    expect(response.statusCode).toBe(503);
    await drained;
    const codes = await Promise.all(clients.map(async ({ closed }) => (await closed).code));
    expect(codes).toEqual(clients.map(() => 4200));
  });
});

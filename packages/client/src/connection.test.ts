import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { nextRetry } from './backoff.ts';
import { Connection, type WebSocketLike } from './connection.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A gateway that sends what the test makes it send. */
class FakeSocket implements WebSocketLike {
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  readonly sent: unknown[] = [];
  isClosed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text).event);
  }

  close(): void {
    this.isClosed = true;
  }

  say(event: string, data: unknown = {}): void {
    this.onmessage?.({ data: JSON.stringify({ event, data: JSON.stringify(data) }) });
  }

  greet(): void {
    this.say('pusher:connection_established', { socket_id: '1.2', activity_timeout: 120 });
  }

  end(code: number): void {
    this.onclose?.({ code, reason: 'as the test says' });
  }
}

async function connected() {
  const sockets: FakeSocket[] = [];
  const states: string[] = [];
  const errors: string[] = [];
  const connection = new Connection({
    url: 'ws://gateway/app/key',
    webSocket: async () =>
      class extends FakeSocket {
        constructor(_url: string) {
          super();
          sockets.push(this);
        }
      },
    random: () => 1,
    onListenerError: (error) => expect.unreachable(String(error)),
  });
  connection.on('state', (state) => states.push(state));
  connection.on('error', ({ code }) => errors.push(code));
  connection.connect();
  await vi.advanceTimersByTimeAsync(0);
  const last = () => sockets.at(-1) as FakeSocket;
  last().greet();
  return { connection, sockets, states, errors, last };
}

describe('a connection', () => {
  it.each([4001, 4003, 4009])('that is closed with %i is given up, with the reason', async (code) => {
    const { connection, last, errors, sockets } = await connected();
    last().end(code);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(connection.state).toBe('closed');
    expect(errors).toEqual([String(code)]);
    expect(sockets).toHaveLength(1);
  });

  it.each([1001, 1006, 4100, 4200, 4201])('that is closed with %i reconnects automatically', async (code) => {
    const { connection, last, sockets, states } = await connected();
    last().end(code);
    expect(connection.state).toBe('waiting');
    expect(connection.socketId).toBeUndefined();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sockets).toHaveLength(2);
    last().greet();
    expect(states).toEqual(['connecting', 'connected', 'waiting', 'connecting', 'connected']);
  });

  it('waits longer after every failure, and starts over once it has been stable for a while', async () => {
    const { sockets, last } = await connected();
    const pauses: number[] = [];
    for (let at = 0; at < 7; at += 1) {
      const startedAt = Date.now();
      const count = sockets.length;
      last().end(1006);
      while (sockets.length === count) await vi.advanceTimersByTimeAsync(100);
      pauses.push(Date.now() - startedAt);
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 4_000, 4_000, 4_000, 4_000]);
    last().greet();
    await vi.advanceTimersByTimeAsync(10_000);
    const count = sockets.length;
    last().end(1006);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sockets).toHaveLength(count + 1);
  });

  it('to a server that has stopped responding is replaced', async () => {
    const { sockets, last } = await connected();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(last().sent).toEqual(['pusher:ping']);
    last().say('pusher:pong');
    await vi.advanceTimersByTimeAsync(120_000);
    expect(last().sent).toEqual(['pusher:ping', 'pusher:ping']);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(sockets[0]?.isClosed).toBe(true);
    expect(sockets).toHaveLength(2);
  });

  it('without a greeting is replaced', async () => {
    const { sockets, last } = await connected();
    last().end(1006);
    await vi.advanceTimersByTimeAsync(25_000);
    expect(sockets.length).toBeGreaterThan(2);
  });

  it('answers pings, and ignores invalid frames', async () => {
    const { connection, last } = await connected();
    last().say('pusher:ping');
    last().onmessage?.({ data: '{' });
    last().onmessage?.({ data: '{"event":"e","data":"not JSON"}' });
    expect(last().sent).toEqual(['pusher:pong']);
    expect(connection.state).toBe('connected');
  });

  it('reconnects immediately when the network is back', async () => {
    const { connection, last, sockets } = await connected();
    last().end(4100);
    connection.reconnectNow();
    await vi.advanceTimersByTimeAsync(0);
    expect(sockets).toHaveLength(2);
    last().greet();
    connection.reconnectNow();
    expect(last().sent).toEqual(['pusher:ping']);
  });

  it('stays closed after disconnect', async () => {
    const { connection, last, sockets } = await connected();
    const socket = last();
    connection.disconnect();
    socket.end(1000);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(connection.state).toBe('offline');
    expect(sockets).toHaveLength(1);
  });
});

describe('the reconnect delay', () => {
  it('is random, at most five seconds, and at least one second after 4100', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1000, max: 4999 }),
        fc.nat({ max: 1_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (code, failures, random) => {
          const next = nextRetry(code, failures, random);
          expect(next.giveUp).toBe(code >= 4000 && code < 4100);
          if (next.giveUp) return;
          expect(next.afterMs).toBeLessThanOrEqual(5_000);
          expect(next.afterMs).toBeGreaterThanOrEqual(code >= 4100 && code < 4200 ? 1_000 : 0);
        },
      ),
    );
  });
});

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../support/database.ts';
import { type Memory, newMemory, ResumingClient } from '../support/resuming-client.ts';
import { app, appEnv, cleanUp, startServer, stop, visit } from '../support/server.ts';

afterEach(cleanUp);

/** The required number of clients; each is a real connection. */
const crowd = 5_000;
/** Our clients reconnect after a random part of a second, doubled at each failure. */
const spreadMs = 1_000;

/** A client that reconnects and resumes whenever it is cut off. */
class Staying {
  readonly memory: Memory = newMemory();
  attempts = 0;
  #client: ResumingClient | undefined;
  #isOver = false;
  #failures = 0;
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** Resolves on the first subscription. */
  async begin(): Promise<void> {
    const client = this.#connect();
    await client.subscribed;
  }

  end(): void {
    this.#isOver = true;
    this.#client?.ws.terminate();
  }

  #connect(): ResumingClient {
    this.attempts += 1;
    const client = new ResumingClient(this.#url, app.key, 'messages', this.memory);
    this.#client = client;
    void client.subscribed.then(() => {
      this.#failures = 0;
    });
    client.ws.on('close', async () => {
      this.#failures += 1;
      await delay(Math.random() * spreadMs * 2 ** Math.min(this.#failures - 1, 4));
      if (!this.#isOver) this.#connect();
    });
    return client;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

describe(`a node with ${crowd} clients`, () => {
  it('that is restarted, and later killed and started again, gets all of them back with nothing missed', async () => {
    const database = await createTestDatabase();
    const port = await freePort();
    const env = { ...appEnv, DATABASE_URL: database.url, PORT: String(port) };
    let server = await startServer(env);
    const clients = Array.from({ length: crowd }, () => new Staying(server.url));
    try {
      for (let at = 0; at < crowd; at += 250) {
        await Promise.all(clients.slice(at, at + 250).map((client) => client.begin()));
      }
      const visitor = await visit(server);
      const written: number[] = [];
      const write = async (text: string, key = randomUUID()): Promise<void> => {
        const headers = { 'idempotency-key': key };
        const options = { token: visitor.token, body: { text }, headers };
        const { status, body } = await server.call('POST', '/v1/messages', options);
        // Our own clients keep this process so busy that a request may be sent too late.
        if (status === 408) return write(text, key);
        expect(status).toBe(201);
        written.push(body.message.id);
      };
      const idsOf = ({ memory }: Staying) =>
        (memory.shown as { message: { id: number; isReply: boolean } }[])
          .filter(({ message }) => !message.isReply)
          .map(({ message }) => message.id);
      const attempts = () => clients.reduce((sum, client) => sum + client.attempts, 0);

      for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
        const attemptsBefore = attempts();
        for (let n = 0; n < 3; n += 1) await write(`before ${signal} ${n}`);
        await stop(server, signal);
        server = await startServer(env);
        for (let n = 0; n < 3; n += 1) await write(`after ${signal} ${n}`);
        await expect
          .poll(() => clients.filter((client) => idsOf(client).length >= written.length).length, {
            interval: 500,
          })
          .toBe(crowd);
        expect(clients.filter((client) => String(idsOf(client)) !== String(written))).toEqual([]);
        expect(clients.reduce((sum, { memory }) => sum + memory.reloads, 0)).toBe(0);
        // In a reconnect storm each client would make many attempts.
        expect(attempts() - attemptsBefore).toBeLessThan(crowd * 11);
      }
    } finally {
      for (const client of clients) client.end();
      await stop(server, 'SIGKILL');
      await database.drop();
    }
  });
});

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { processIdentity } from '../../packages/server/src/db/embedded-lock.ts';
import { RawClient } from '../support/gateway.ts';
import {
  app,
  appEnv,
  cleanUp,
  history,
  logIn,
  migratedDataDir,
  postgresOf,
  run,
  setUp,
  startServer,
  stop,
  temporaryDatabase,
  temporaryDataDir,
  visit,
} from '../support/server.ts';

afterEach(cleanUp);

describe('a first start on an empty data directory', () => {
  it('prints the setup link, which creates the administrator; the next start knows them', async () => {
    const env = { DATA_DIR: await temporaryDataDir() };
    const first = await startServer(env);
    expect(first.setupUrl).toContain(`${first.url}/setup?token=`);
    expect((await first.call('GET', '/readyz')).status).toBe(200);
    await setUp(first);
    expect(await stop(first)).toEqual({ code: 0, signal: null });

    const second = await startServer(env);
    expect(second.setupUrl).toBeNull();
    const token = await logIn(second);
    const apps = await second.call('GET', '/v1/admin/apps', { token });
    expect(apps.body.items).toHaveLength(1);
  });

  it('keeps the setup link of an earlier start valid until one of them is used', async () => {
    const { url } = await temporaryDatabase();
    const first = await startServer({ DATABASE_URL: url });
    await stop(first);
    const second = await startServer({ DATABASE_URL: url });
    expect(await setUp(second, first.setupUrl)).toEqual(expect.any(String));
    await expect(setUp(second)).rejects.toThrow('setup_done');
  });
});

it('a server that is busy accepts a crowd of connections, and serves them later', async () => {
  const { url } = await temporaryDatabase();
  const server = await startServer({ DATABASE_URL: url });
  const { hostname, port } = new URL(server.url);
  server.child.kill('SIGSTOP');
  const crowd = Array.from({ length: await acceptedAtMost(1_000) }, () => {
    const socket = connect(Number(port), hostname);
    return { socket, connected: once(socket, 'connect') };
  });
  try {
    await Promise.all(crowd.map(({ connected }) => connected));
    server.child.kill('SIGCONT');
    expect((await server.call('GET', '/readyz')).status).toBe(200);
  } finally {
    for (const { socket } of crowd) socket.destroy();
  }
});

/** A number of connections, or as many as this system accepts ahead of a process. */
async function acceptedAtMost(count: number): Promise<number> {
  // Only Linux has this file; 128 is what others accept at least.
  const limit = await readFile('/proc/sys/net/core/somaxconn', 'utf8').catch(() => '128');
  return Math.min(count, Number(limit));
}

describe('LOG_LEVEL=debug', () => {
  it('says what was done with a message, and nothing of its content or of tokens', async () => {
    const { url } = await temporaryDatabase();
    const server = await startServer({ DATABASE_URL: url, LOG_LEVEL: 'debug', ...appEnv });
    const { token } = await visit(server);
    const written = { text: 'my parcel is late' };
    expect((await server.call('POST', '/v1/messages', { token, body: written })).status).toBe(201);
    const answered = async () => (await history(server, token)).length;
    await expect.poll(answered).toBeGreaterThan(1);
    const lines = () =>
      server
        .said()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line));
    await expect.poll(lines).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ msg: 'a request was answered', route: '/v1/messages', status: 201 }),
        expect.objectContaining({
          msg: 'a listener handled an event',
          listener: 'HandleMessageReadyEvent',
          type: 'MessageReadyEvent',
        }),
        expect.objectContaining({ msg: 'an event was broadcast', topics: expect.any(Array) }),
      ]),
    );
    expect(server.said()).not.toContain(written.text);
    expect(server.said()).not.toContain(token);
  });
});

describe('a server that gets SIGINT or SIGTERM', () => {
  it('disconnects its clients with a code to reconnect, stops its PostgreSQL, frees its port and exits with 0', async () => {
    const dataDir = await migratedDataDir();
    let server = await startServer({ DATA_DIR: dataDir, ...appEnv });
    const { port } = new URL(server.url);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const postgres = postgresOf(dataDir) ?? 0;
      expect(processIdentity(postgres)).toBeDefined();
      const client = new RawClient(`${server.url.replace('http', 'ws')}/app/${app.key}?protocol=7`);
      await client.socketId();

      expect(await stop(server, signal)).toEqual({ code: 0, signal: null });
      expect((await client.closed).code).toBe(4200);
      expect(processIdentity(postgres)).toBeUndefined();
      server = await startServer({ DATA_DIR: dataDir, PORT: port, ...appEnv });
      expect(new URL(server.url).port).toBe(port);
    }
  });
});

/** A connection whose client is silent for this long may be closed without a response: nothing else says that it is idle. */
const silentMs = 200;

/**
 * A client that sends one request after another on a connection that it keeps. `ended`: what ended it, the last response
 * or an error; or its own silence, as on a machine that had no time for it.
 */
function startClient(url: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let answers = 0;
  const ask = () =>
    new Promise<string | undefined>((resolve, reject) => {
      get(`${url}/healthz`, { agent }, (response) => {
        response.resume().once('end', () => {
          answers += 1;
          resolve(response.headers.connection);
        });
      }).once('error', reject);
    });
  const work = async () => {
    let answeredAt = performance.now();
    let sentAt = answeredAt;
    try {
      while ((await ask()) !== 'close') {
        answeredAt = performance.now();
        await delay(Math.random() * 20);
        sentAt = performance.now();
      }
      return 'the last response';
    } catch (error) {
      return sentAt - answeredAt > silentMs ? 'its own silence' : String(error);
    } finally {
      agent.destroy();
    }
  };
  return { answers: () => answers, ended: work() };
}

describe('a server that is stopping', () => {
  it('ends the connections of its clients with a response, and loses no request', async () => {
    const { url } = await temporaryDatabase();
    const server = await startServer({ DATABASE_URL: url });
    const clients = Array.from({ length: 40 }, () => startClient(server.url));
    await expect.poll(() => clients.every(({ answers }) => answers() >= 3)).toBe(true);
    server.child.kill('SIGTERM');
    const ended = await Promise.all(clients.map((client) => client.ended));
    const expected = ['the last response', 'its own silence'];
    expect(ended.filter((how) => !expected.includes(how))).toEqual([]);
    expect(ended).toContain('the last response');
    await expect.poll(() => server.child.exitCode).toBe(0);
  });

  it('waits for requests in progress, and exits immediately on a second signal', async () => {
    const { url } = await temporaryDatabase();
    const server = await startServer({ DATABASE_URL: url });
    const { hostname, port } = new URL(server.url);
    const slow = connect(Number(port), hostname);
    // The server cuts the connection, as expected.
    slow.on('error', () => {});
    // A request whose body never ends.
    slow.write('POST /v1/visitors HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n');
    slow.write('content-length: 100\r\nexpect: 100-continue\r\n\r\n{');
    await new Promise((resolve) => slow.once('data', resolve));
    server.child.kill('SIGTERM');
    await expect.poll(server.said).toContain('stopping');
    expect(await stop(server, 'SIGINT')).toEqual({ code: 1, signal: null });
    slow.destroy();
  });

  it('that gets the signal during the start leaves no PostgreSQL behind', async () => {
    const dataDir = await migratedDataDir();
    const server = run('server', { PORT: '0', DATA_DIR: dataDir });
    await expect.poll(() => postgresOf(dataDir)).toBeDefined();
    expect(await stop(server, 'SIGINT')).toEqual({ code: 0, signal: null });
    expect(postgresOf(dataDir)).toBeUndefined();
  });
});

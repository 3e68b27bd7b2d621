import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { processIdentity } from '../../packages/server/src/db/embedded-lock.ts';
import { openingHours } from '../support/bot-replies.ts';
import { RawClient } from '../support/gateway.ts';
import { startRedis } from '../support/redis.ts';
import {
  appEnv,
  cleanUp,
  emptyDatabase,
  history,
  logIn,
  migratedDataDir,
  postgresOf,
  type RunningServer,
  setUp,
  startServer,
  stop,
  visit,
} from '../support/server.ts';

afterEach(cleanUp);

const write = (server: RunningServer, token: string, text: string) =>
  server.call('POST', '/v1/messages', { token, body: { text } });
const answers = async (server: RunningServer, token: string) =>
  (await history(server, token)).filter(({ text }) => text?.startsWith(openingHours));

describe('a server that was killed', () => {
  it('leaves its PostgreSQL running; the next start takes it over and handles committed events once', async () => {
    const dataDir = await migratedDataDir();
    const env = { DATA_DIR: dataDir, ...appEnv };
    const killed = await startServer(env);
    const postgres = postgresOf(dataDir);
    const visits = await Promise.all(Array.from({ length: 12 }, () => visit(killed)));
    const written = await Promise.all(visits.map(({ token }) => write(killed, token, 'opening hours')));
    await stop(killed, 'SIGKILL');
    expect(written.map(({ status }) => status)).toEqual(visits.map(() => 201));
    expect(postgresOf(dataDir)).toBe(postgres);

    const next = await startServer(env);
    expect(next.said()).toContain('Took over the PostgreSQL');
    expect(postgresOf(dataDir)).toBe(postgres);
    for (const { token } of visits) {
      await expect.poll(() => answers(next, token)).toHaveLength(1);
    }
    // Nothing waits to be handled anymore: a duplicate would have been sent by now.
    await expect
      .poll(async () => (await next.call('GET', '/metrics')).body)
      .toMatch(/^mevrik_events_lag 0$/m);
    for (const { token } of visits) {
      expect(await answers(next, token)).toHaveLength(1);
      expect((await history(next, token)).filter(({ from }) => from === 'customer')).toHaveLength(1);
    }

    expect(await stop(next)).toEqual({ code: 0, signal: null });
    expect(processIdentity(postgres ?? 0)).toBeUndefined();
  });
});

describe('three servers that start at the same time on an empty database', () => {
  const migrations = async () => {
    const journal = new URL('../../packages/server/src/db/migrations/meta/_journal.json', import.meta.url);
    return (JSON.parse(await readFile(journal, 'utf8')) as { entries: unknown[] }).entries;
  };

  async function startThree(env: Record<string, string> = {}) {
    const { url, sql } = await emptyDatabase();
    const start = () => startServer({ DATABASE_URL: url, ...env });
    const [one, two, three] = await Promise.all([start(), start(), start()]);
    return { servers: [one, two, three] as const, sql };
  }

  it('all start: each migration has run once, one app is created, and one of their setup links works', async () => {
    const { servers, sql } = await startThree();
    for (const server of servers) {
      await expect.poll(async () => (await server.call('GET', '/readyz')).status).toBe(200);
    }
    expect(await sql`SELECT FROM drizzle.__drizzle_migrations`).toHaveLength((await migrations()).length);
    expect(await sql`SELECT FROM apps`).toHaveLength(1);
    expect(await sql`SELECT FROM routing_rules GROUP BY app_id, position HAVING count(*) > 1`).toEqual([]);

    const tries = await Promise.allSettled(servers.map((server) => setUp(servers[0], server.setupUrl)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await sql`SELECT FROM agents WHERE role = 'admin'`).toHaveLength(1);
  });

  it('have the app of the environment and serve the same conversations: written on one, answered by an agent on another, and received there', async () => {
    const redis = await startRedis();
    const { servers, sql } = await startThree({ REDIS_URL: redis.url, ...appEnv });
    expect(await sql`SELECT id, key, secret FROM apps`).toEqual([
      { id: 1, key: appEnv.PUSHER_APP_KEY, secret: appEnv.PUSHER_APP_SECRET },
    ]);
    const [one, two, three] = servers;
    // Only one of the links is valid.
    for (const { setupUrl } of servers) await setUp(one, setupUrl).catch(() => {});
    const admin = await logIn(three);
    const person = { email: 'alex@example.com', password: 'another passphrase' };
    const body = { ...person, name: 'Alex', role: 'agent', appIds: [1] };
    expect((await three.call('POST', '/v1/admin/agents', { token: admin, body })).status).toBe(201);
    const agent = await logIn(two, person);
    const desk = new RawClient(`${two.url.replace('http', 'ws')}/app/${appEnv.PUSHER_APP_KEY}?protocol=7`);
    const channel = 'private-queues-app-1';
    const signed = await two.call('POST', '/broadcasting/auth', {
      token: agent,
      body: { socket_id: await desk.socketId(), channel_name: channel },
    });
    desk.subscribe(channel, signed.body);
    await desk.next('pusher_internal:subscription_succeeded');

    const visitor = await visit(one);
    await write(one, visitor.token, 'opening hours');
    await expect.poll(() => answers(three, visitor.token)).toHaveLength(1);
    await write(one, visitor.token, 'I want to talk to a human');
    await desk.next('queue_created');
    const waiting = await two.call('GET', '/v1/queue-items?status=waiting', { token: agent });
    expect(waiting.body.items).toMatchObject([{ sessionId: visitor.sessionId }]);
    desk.ws.terminate();
    await Promise.all(servers.map((server) => stop(server)));
    await redis.stop();
  });
});

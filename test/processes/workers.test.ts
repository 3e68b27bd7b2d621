import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { signSubscription } from '../../packages/server/src/broadcast/access/auth-signature.ts';
import { loadConfig } from '../../packages/server/src/config/config.ts';
import { processIdentity } from '../../packages/server/src/db/embedded-lock.ts';
import { openingHours } from '../support/bot-replies.ts';
import { nextEvent, Pusher, RawClient } from '../support/gateway.ts';
import { startRedis } from '../support/redis.ts';
import {
  app,
  appEnv,
  cleanUp,
  emptyDatabase,
  history,
  migratedDataDir,
  postgresOf,
  type RunningProgram,
  type RunningServer,
  run,
  setUp,
  startServer,
  stop,
  temporaryDatabase,
  visit,
} from '../support/server.ts';

const clients: { end(): void }[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.end();
  await cleanUp();
});

const startWorkers = (env: Record<string, string>) => startServer({ WORKERS: '3', ...appEnv, ...env });

/** The process ids of a server's workers. */
function workersOf({ child }: Pick<RunningServer, 'child'>): number[] {
  const parent = String(child.pid);
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [state, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8');
      return ppid === parent && state !== 'Z' && command.includes('main.js') ? [Number(name)] : [];
    } catch {
      // The process has ended meanwhile.
      return [];
    }
  });
}

/** Kills one of them, as the out-of-memory killer would. */
function killWorker(server: RunningServer): number {
  const [pid] = workersOf(server);
  if (pid === undefined) throw new Error('No worker runs.');
  process.kill(pid, 'SIGKILL');
  return pid;
}

const isGone = (pid: number) => processIdentity(pid) === undefined;

/** A pusher-js client of a visitor, on its own connection. */
function pusher(server: RunningServer, token: string): Pusher {
  const { hostname, port } = new URL(server.url);
  const client = new Pusher(app.key, {
    cluster: '',
    wsHost: hostname,
    wsPort: Number(port),
    forceTLS: false,
    enabledTransports: ['ws'],
    disableStats: true,
    channelAuthorization: {
      transport: 'ajax',
      endpoint: `${server.url}/broadcasting/auth`,
      headers: { Authorization: `Bearer ${token}` },
      params: {},
    },
  });
  clients.push({ end: () => client.disconnect() });
  return client;
}

/** Resolves when a reply that begins like this has arrived. */
function reply(channel: ReturnType<Pusher['subscribe']>, beginning: string): Promise<void> {
  return new Promise((resolve) => {
    channel.bind('message_reply', ({ message }: { message: { content: { text?: string } } }) => {
      if (message.content.text?.startsWith(beginning)) resolve();
    });
  });
}

async function raw(server: RunningServer): Promise<RawClient> {
  const client = new RawClient(`${server.url.replace('http', 'ws')}/app/${app.key}?protocol=7`);
  clients.push({ end: () => client.ws.terminate() });
  await client.opened();
  return client;
}

const write = (server: RunningServer, token: string, text: string) =>
  server.call('POST', '/v1/messages', { token, body: { text } });
const answers = async (server: RunningServer, token: string) =>
  (await history(server, token)).filter(({ text }) => text?.startsWith(openingHours));

/** A metric, summed over all workers. */
async function metric(server: RunningServer, name: string): Promise<number> {
  const { body } = await server.call('GET', '/metrics');
  return Number(new RegExp(`^${name}(?:{app="${app.id}"})? (\\S+)$`, 'm').exec(body)?.[1]);
}

/**
 * Members of a presence channel on all workers: each sees the earlier ones, and that those of a killed worker
 * have left.
 */
async function expectPresence(server: RunningServer): Promise<void> {
  const name = 'presence-room';
  const members: { user_id: string; client: RawClient }[] = [];
  for (const user_id of ['ann', 'bob', 'cid']) {
    const client = await raw(server);
    const channel_data = JSON.stringify({ user_id });
    const auth = signSubscription(app, await client.socketId(), name, channel_data);
    client.subscribe(name, { auth, channel_data });
    members.push({ user_id, client });
    const { data } = await client.next('pusher_internal:subscription_succeeded');
    const { ids } = (data as { presence: { ids: string[] } }).presence;
    expect([...ids].sort()).toEqual(members.map((member) => member.user_id));
  }
  killWorker(server);
  const lost = await Promise.race(
    members.map(async (member) => {
      await member.client.closed;
      return member;
    }),
  );
  for (const { client } of members.filter((member) => member !== lost)) {
    expect((await client.next('pusher_internal:member_removed')).data).toEqual({ user_id: lost.user_id });
    client.ws.terminate();
  }
  await expect.poll(() => workersOf(server).length).toBe(3);
  await expect.poll(() => metric(server, 'mevrik_connections')).toBe(0);
}

describe('a server with three workers', () => {
  it('serves a conversation to clients on all of them, who connect in turn, and sends one greeting', async () => {
    const { url } = await temporaryDatabase();
    const server = await startWorkers({ DATABASE_URL: url, MAX_CONNECTIONS: '10' });
    expect(workersOf(server)).toHaveLength(3);
    // Connections are assigned in turn. Each worker accepts ten, so thirty fit only if each has ten.
    const thirty: RawClient[] = [];
    for (let made = 0; made < 30; made += 1) thirty.push(await raw(server));
    for (const client of thirty) await client.socketId();
    expect(await metric(server, 'mevrik_connections')).toBe(30);
    for (const client of thirty) client.ws.terminate();
    await expect.poll(() => metric(server, 'mevrik_connections')).toBe(0);

    expect(server.said().match(/is running at/g)).toHaveLength(1);
    expect(server.said()).not.toContain('other nodes use this database');
    expect(await setUp(server)).toEqual(expect.any(String));

    const visitor = await visit(server);
    const name = `private-session${visitor.sessionId}`;
    const channels = await Promise.all(
      Array.from({ length: 9 }, async () => {
        const channel = pusher(server, visitor.token).subscribe(name);
        await nextEvent(channel, 'pusher:subscription_succeeded');
        return channel;
      }),
    );
    const posted = channels.map((channel) => nextEvent<{ message: object }>(channel, 'message_post'));
    const replied = channels.map((channel) => reply(channel, openingHours));
    expect((await write(server, visitor.token, 'opening hours')).status).toBe(201);
    for (const event of posted) {
      expect((await event).message).toMatchObject({ content: { text: 'opening hours' } });
    }
    await Promise.all(replied);
    expect(await answers(server, visitor.token)).toHaveLength(1);
    expect(await metric(server, 'mevrik_connections')).toBe(9);
    // Each claims its share within moments.
    await expect.poll(() => metric(server, 'mevrik_partitions')).toBe(64);
    await expect.poll(() => metric(server, 'mevrik_events_lag')).toBe(0);
    expect((await server.call('GET', '/readyz')).status).toBe(200);
  });

  it('replaces a worker that is killed: its members leave, clients reconnect, and committed events are handled once', async () => {
    const { url } = await temporaryDatabase();
    const server = await startWorkers({ DATABASE_URL: url });
    await expectPresence(server);
    const visits = await Promise.all(Array.from({ length: 6 }, () => visit(server)));
    const [first] = visits as [Awaited<ReturnType<typeof visit>>];
    const channels = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const channel = pusher(server, first.token).subscribe(`private-session${first.sessionId}`);
        await nextEvent(channel, 'pusher:subscription_succeeded');
        return channel;
      }),
    );
    // The killed worker answers nothing.
    const written = visits.map(({ token }) => write(server, token, 'opening hours').catch(() => undefined));
    const killed = killWorker(server);
    await Promise.all(written);
    await expect.poll(() => workersOf(server).length).toBe(3);
    expect(workersOf(server)).not.toContain(killed);

    // Every client receives the next message, those of the dead worker on another one.
    await expect.poll(() => metric(server, 'mevrik_connections')).toBe(6);
    await expect.poll(() => channels.every(({ subscribed }) => subscribed)).toBe(true);
    const again = channels.map((channel) => nextEvent<{ message: object }>(channel, 'message_post'));
    expect((await write(server, first.token, 'opening hours')).status).toBe(201);
    await Promise.all(again);

    for (const { token } of visits) {
      const asked = async () =>
        (await history(server, token)).filter(({ from }) => from === 'customer').length;
      await expect.poll(async () => (await answers(server, token)).length === (await asked())).toBe(true);
    }
  });

  it('whose primary is killed leaves nothing behind; started again on its data, it shuts down gracefully', async () => {
    const dataDir = await migratedDataDir();
    const server = await startWorkers({ DATA_DIR: dataDir });
    const postgres = postgresOf(dataDir) ?? 0;
    const workers = workersOf(server);
    const visitor = await visit(server);
    expect((await write(server, visitor.token, 'opening hours')).status).toBe(201);
    const client = await raw(server);
    await client.socketId();
    server.child.kill('SIGKILL');
    await once(server.child, 'exit');
    // The client gets a close code, as from any server that shuts down.
    expect((await client.closed).code).toBe(4200);
    await expect.poll(() => [...workers, postgres].filter((pid) => !isGone(pid))).toEqual([]);

    const next = await startWorkers({ DATA_DIR: dataDir });
    await expect.poll(() => answers(next, visitor.token)).toHaveLength(1);
    const processes = [...workersOf(next), postgresOf(dataDir) ?? 0];
    const connections = await Promise.all(Array.from({ length: 6 }, () => raw(next)));
    await Promise.all(connections.map((connection) => connection.socketId()));
    expect(await stop(next, 'SIGTERM')).toEqual({ code: 0, signal: null });
    for (const connection of connections) expect((await connection.closed).code).toBe(4200);
    expect(processes.filter((pid) => !isGone(pid))).toEqual([]);
    expect(next.said()).not.toContain('a worker has exited');
  });
});

/** One of two workers hangs and is killed: each connection gets a response or is closed, and the primary keeps none. */
async function expectEndOfEveryConnection(program: RunningProgram): Promise<void> {
  const { hostname, port } = new URL(/running at (\S+)/.exec(program.said())?.[1] ?? '');
  const sockets = () => readdirSync(`/proc/${program.child.pid}/fd`).length;
  const before = sockets();
  const [hanging] = workersOf(program);
  if (hanging === undefined) throw new Error('No worker runs.');
  process.kill(hanging, 'SIGSTOP');
  let ended = 0;
  const connections = Array.from({ length: 20 }, () => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {}); // a reset; 'close' follows
    socket.resume().on('close', () => {
      ended += 1;
    });
    socket.write('GET /readyz HTTP/1.1\r\nhost: mevrik\r\nconnection: close\r\n\r\n');
    return socket;
  });
  for (const socket of connections) clients.push({ end: () => socket.destroy() });
  await expect.poll(() => ended).toBe(19);
  process.kill(hanging, 'SIGKILL');
  await expect.poll(() => ended).toBe(20);
  await expect.poll(() => workersOf(program).length).toBe(2);
  await expect.poll(sockets).toBeLessThanOrEqual(before);
}

describe('mevrik start', () => {
  it('starts as many workers as configured', async () => {
    const { url } = await temporaryDatabase();
    const program = run('cli', { DATABASE_URL: url, PORT: '0' }, ['start', '--workers', '2']);
    await expect.poll(program.said).toContain('in 2 workers');
    await expectEndOfEveryConnection(program);
    expect(await stop(program)).toEqual({ code: 0, signal: null });
  });
});

describe('workers that cannot start', () => {
  it('report why once, in one line', async () => {
    const { url } = await temporaryDatabase();
    const first = await startServer({ DATABASE_URL: url });
    const second = run('server', { DATABASE_URL: url, PORT: new URL(first.url).port, WORKERS: '3' });
    expect(await second.ended).toEqual({ code: 1, signal: null });
    // Beside the log, in which a starved machine may report more.
    const lines = second.said().split('\n');
    const printed = lines.filter((line) => line !== '' && !line.startsWith('{'));
    expect(printed).toEqual([expect.stringContaining('The port is already in use')]);
  });

  it('are not started for an invalid number', async () => {
    const program = run('server', { PORT: '0' }, ['--workers', '0']);
    expect(await program.ended).toEqual({ code: 1, signal: null });
    expect(program.said()).toContain('WORKERS must be');
    for (const WORKERS of ['many', '1.5', '300']) {
      expect(() => loadConfig({ WORKERS })).toThrow('WORKERS must be');
    }
  });

  it('are not requested by an unknown option', async () => {
    const program = run('server', { PORT: '0' }, ['--worker', '3']);
    expect(await program.ended).toEqual({ code: 1, signal: null });
    expect(program.said()).toContain("Unknown option '--worker'");
  });
});

describe('workers on one Redis', () => {
  it('are ordinary nodes: two machines serve the same clients', async () => {
    const redis = await startRedis();
    const { url } = await emptyDatabase();
    const env = { DATABASE_URL: url, REDIS_URL: redis.url, WORKERS: '2' };
    const [one, two] = await Promise.all([startWorkers(env), startWorkers(env)]);
    const visitor = await visit(one);
    const channels = await Promise.all(
      [one, two, one, two].map(async (server) => {
        const channel = pusher(server, visitor.token).subscribe(`private-session${visitor.sessionId}`);
        await nextEvent(channel, 'pusher:subscription_succeeded');
        return channel;
      }),
    );
    const replied = channels.map((channel) => reply(channel, openingHours));
    await write(two, visitor.token, 'opening hours');
    await Promise.all(replied);
    await Promise.all([stop(one), stop(two)]);
    await redis.stop();
  });
});

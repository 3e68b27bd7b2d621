import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createClient } from '@mevrik/client';
import { hashPassword } from '../../packages/server/src/auth/passwords.ts';
import { type Database, openDatabase } from '../../packages/server/src/db/database.ts';
import type { EmbeddedDatabase } from '../../packages/server/src/db/embedded.ts';
import { processIdentity } from '../../packages/server/src/db/embedded-lock.ts';
import { startNetwork, type TestNetwork } from '../support/network.ts';
import { type RedisProcess, startRedisProcess } from '../support/redis.ts';
import { type Balancer, startBalancer } from './balancer.ts';
import { NodeProcess } from './node-process.ts';
import type { ChaosPostgres } from './postgres.ts';
import { repeat } from './repeat.ts';
import type { Failure, Schedule } from './schedule.ts';
import { type ChaosTelegram, startTelegram } from './telegram.ts';

/** The app that visitors write to. */
export const app = { id: 1, key: 'chaos', secret: 'chaos-secret' };

/** The agent of that app. */
export const agent = { email: 'agent@example.com', password: 'a long passphrase' };

/** The administrator who creates the Telegram app. */
const administrator = { email: 'admin@example.com', password: 'a long passphrase' };

const machineModule = fileURLToPath(new URL('machine.mjs', import.meta.url));

/** How much later a slow connection carries what it is given, in each direction. */
const slowMs = 80;

interface Node {
  readonly process: NodeProcess;
  readonly database: TestNetwork;
  readonly redis: TestNetwork | undefined;
  /** The file that says how many milliseconds its clock is ahead. */
  readonly clock: string;
  /** The file in which there is text while its disk is full. */
  readonly disk: string;
  /** Resolves after the last of the failures of its process. */
  turn: Promise<void>;
}

/** Everything that runs during one run, and what can happen to it. */
export interface World {
  /** Where visitors connect. */
  readonly url: string;
  readonly database: Database;
  /** Where contacts write. */
  readonly telegram: ChaosTelegram | undefined;
  /** Starts a failure, waits, and ends it. */
  suffer(failure: Failure): Promise<void>;
  /** Ends of nodes that no failure explains. */
  crashes(): readonly string[];
  stop(): Promise<void>;
}

/** Starts the nodes of a schedule on a new database. `directory` gets their logs. */
export async function startWorld(
  schedule: Schedule,
  postgres: ChaosPostgres,
  directory: string,
): Promise<World> {
  await mkdir(directory, { recursive: true });
  const name = `chaos_${schedule.seed}_${Date.now()}`;
  const admin = openDatabase(postgres.connection, { maxConnections: 1, applicationName: 'chaos' });
  await admin.sql.unsafe(`CREATE DATABASE ${name} TEMPLATE ${postgres.template}`);
  const connection = { ...postgres.connection, database: name };
  const redis = schedule.hasRedis ? await startRedisProcess({ appendonly: 'no' }) : undefined;
  const nodes = await Promise.all(
    Array.from({ length: schedule.nodes }, (_, index) =>
      prepareNode(schedule, connection, redis, join(directory, `node-${index + 1}`)),
    ),
  );
  // The first one creates the app; the others find it.
  for (const { process } of nodes) await process.start();
  const balancer: Balancer = await startBalancer(() => nodes.flatMap(({ process }) => process.url ?? []));
  const database = openDatabase(connection, { maxConnections: 2, applicationName: 'chaos' });
  if (schedule.hasAgent) await addPerson(database, 'agent', agent);
  const telegram = schedule.contacts > 0 ? await addTelegram(database, balancer.url) : undefined;
  return {
    url: balancer.url,
    database,
    telegram,
    suffer: (failure) => suffer(failure, { node: nodes[failure.node] as Node, postgres, redis, telegram }),
    crashes: () => nodes.flatMap(({ process }) => process.crashes),
    async stop() {
      await database.close();
      balancer.stop();
      for (const node of nodes) {
        await node.process.close();
        node.database.stop();
        node.redis?.stop();
      }
      await redis?.stop();
      await telegram?.stop();
      await repeat(() => admin.sql.unsafe(`DROP DATABASE ${name} WITH (FORCE)`));
      await admin.close();
    },
  };
}

async function addPerson(
  { sql }: Database,
  role: 'agent' | 'admin',
  { email, password }: typeof agent,
): Promise<void> {
  await sql`
    WITH added AS (
      INSERT INTO agents (email, name, password_hash, role)
      VALUES (${email}, 'Alex', ${await hashPassword(password)}, ${role}) RETURNING id)
    INSERT INTO agent_apps SELECT id, ${app.id} FROM added`;
}

async function addTelegram(database: Database, url: string): Promise<ChaosTelegram> {
  await addPerson(database, 'admin', administrator);
  const { login } = createClient({ url, appKey: app.key }).rest.desk;
  const { accessToken } = await repeat(() => login(administrator));
  return startTelegram({ url, token: accessToken });
}

async function prepareNode(
  { workers }: Schedule,
  { host, port, user, password, database: name }: EmbeddedDatabase['connection'],
  redisServer: RedisProcess | undefined,
  path: string,
): Promise<Node> {
  const database = await startNetwork({ path: `${host}/.s.PGSQL.${port}` });
  const redis = redisServer ? await startNetwork(redisServer.port) : undefined;
  const clock = `${path}.clock`;
  const disk = `${path}.disk`;
  await Promise.all([writeFile(clock, '0'), writeFile(disk, '')]);
  const env = {
    NODE_OPTIONS: `--import=${machineModule}`,
    CHAOS_CLOCK: clock,
    CHAOS_DISK: disk,
    DATABASE_URL: `postgres://${user}:${password}@127.0.0.1:${new URL(database.url).port}/${name}`,
    ...(redis ? { REDIS_URL: redis.url.replace('http', 'redis') } : {}),
    PORT: '0',
    WORKERS: String(workers),
    RATE_LIMIT: '100000',
    DATABASE_POOL: '8',
    // Longer than a soak: the agent does not log in again.
    AGENT_TOKEN_MINUTES: '240',
    CUSTOMER_TOKEN_MINUTES: '240',
    PUSHER_APP_ID: String(app.id),
    PUSHER_APP_KEY: app.key,
    PUSHER_APP_SECRET: app.secret,
  };
  const process = new NodeProcess(env, `${path}.log`);
  return { process, database, redis, clock, disk, turn: Promise.resolve() };
}

interface Stage {
  readonly node: Node;
  readonly postgres: ChaosPostgres;
  readonly redis: RedisProcess | undefined;
  readonly telegram: ChaosTelegram | undefined;
}

async function suffer({ kind, lasts }: Failure, { node, postgres, redis, telegram }: Stage): Promise<void> {
  switch (kind) {
    case 'kill node':
    case 'restart node':
      return inTurn(node, async () => {
        await (kind === 'kill node' ? node.process.kill() : node.process.stop());
        await delay(lasts);
        await node.process.start();
      });
    case 'hang node':
      return inTurn(node, () =>
        during(
          lasts,
          () => node.process.hang(),
          () => node.process.resume(),
        ),
      );
    case 'kill worker':
      return node.process.killWorker();
    case 'jump clock':
      return pretend(node.clock, String(jumpOf(lasts)), lasts, '0');
    case 'fill disk':
      return pretend(node.disk, 'full', lasts, '');
    case 'cut database':
    case 'silence database':
    case 'lose database':
    case 'break off database':
    case 'slow database':
      return disturb(node.database, kind, lasts);
    case 'cut Redis':
    case 'silence Redis':
    case 'lose Redis':
    case 'break off Redis':
    case 'slow Redis':
      return node.redis && disturb(node.redis, kind, lasts);
    case 'cut provider':
    case 'silence provider':
    case 'lose provider':
    case 'slow provider':
      return telegram && disturb(telegram.network, kind, lasts);
    case 'restart PostgreSQL':
    case 'kill PostgreSQL':
      return endPostgres(postgres, kind === 'kill PostgreSQL' ? 'SIGKILL' : 'SIGINT');
    case 'restart Redis':
      await redis?.end();
      await delay(lasts);
      return redis?.begin();
    case 'hang Redis':
      return during(
        lasts,
        () => redis?.hang(),
        () => redis?.goOn(),
      );
  }
}

/** Has a node's machine believe the text of a file for some milliseconds, and then another one again. */
async function pretend(file: string, text: string, ms: number, otherwise: string): Promise<void> {
  await writeFile(file, text);
  await delay(ms);
  await writeFile(file, otherwise);
}

/** By how many milliseconds a clock jumps: up to a minute back or forward, decided by the schedule. */
function jumpOf(lasts: number): number {
  return (lasts - 2_100) * 30;
}

/** A process is killed, suspended or started by one failure at a time. */
function inTurn(node: Node, work: () => Promise<void>): Promise<void> {
  node.turn = node.turn.then(work);
  return node.turn;
}

/** Ends PostgreSQL, and waits until another one answers in its stead. */
async function endPostgres(postgres: ChaosPostgres, signal: NodeJS.Signals): Promise<void> {
  const { pid } = postgres;
  // Another failure may have ended it a moment ago.
  if (processIdentity(pid) !== undefined) process.kill(pid, signal);
  const probe = openDatabase(postgres.connection, { maxConnections: 1, applicationName: 'chaos' });
  try {
    await repeat(async () => {
      if (postgres.pid === pid) throw new Error('PostgreSQL has not been started again.');
      await probe.sql`SELECT 1`;
    });
  } finally {
    await probe.close();
  }
}

function disturb(network: TestNetwork, kind: string, lasts: number): Promise<void> {
  const [how] = kind.split(' ');
  switch (how) {
    case 'cut':
      return during(lasts, network.cut, network.restore);
    case 'silence':
      return during(lasts, network.hold, network.release);
    case 'slow':
      return during(
        lasts,
        () => network.slow(slowMs),
        () => network.slow(0),
      );
    // New connections work all the time, so there is nothing to end.
    case 'break':
      network.breakOff();
      return Promise.resolve();
    default:
      network.abandon();
      return Promise.resolve();
  }
}

async function during(ms: number, begin: () => void, end: () => void): Promise<void> {
  begin();
  await delay(ms);
  end();
}

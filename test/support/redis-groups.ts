import { RedisClient } from '@redis/client';
import { vi } from 'vitest';
import { slotOf } from '../../packages/server/src/redis/slot.ts';
import { freePort, type RedisProcess, startRedisProcess } from './redis.ts';

/** Servers that belong together. */
interface RedisGroup {
  /** In the form of `REDIS_URL`. */
  readonly url: string;
  stop(): Promise<void>;
}

/** A master and its replica, which three Sentinels watch. */
export interface SentinelGroup extends RedisGroup {
  readonly servers: readonly RedisProcess[];
  readonly sentinels: readonly RedisProcess[];
  /** The master according to the Sentinels. */
  master(): Promise<RedisProcess>;
}

/** Masters that share the slots, optionally with replicas. */
export interface ClusterGroup extends RedisGroup {
  readonly servers: readonly RedisProcess[];
  /** The current owner of a name's slot, according to the servers that answer. */
  masterOf(name: string): Promise<RedisProcess>;
  /** Moves the slot of a name, with all its subscriptions, to another master. */
  move(name: string): Promise<void>;
}

/** Made once: `createClient` attaches every command again for each other address. */
const makeClient = RedisClient.factory();

/** Sends a command to a server. */
export async function sendCommand(server: RedisProcess, command: string[], password = ''): Promise<unknown> {
  const client = makeClient({ password, socket: { port: server.port, reconnectStrategy: false } });
  // The command fails with the same error.
  client.on('error', () => {});
  await client.connect();
  try {
    return await client.sendCommand(command);
  } finally {
    if (client.isOpen) client.destroy();
  }
}

/** Starts a master with its replica and three Sentinels, two of which must agree that it is down. */
export async function startSentinelGroup({ password = '' } = {}): Promise<SentinelGroup> {
  const all: RedisProcess[] = [];
  const start = async (...given: Parameters<typeof startRedisProcess>) => {
    const one = await startRedisProcess(...given);
    all.push(one);
    return one;
  };
  const secrets = password === '' ? {} : { requirepass: password, masterauth: password };
  const first = await start({ ...secrets });
  const second = await start({ ...secrets, replicaof: `127.0.0.1 ${first.port}` });
  await vi.waitFor(
    async () => {
      if (!/slave0:.*state=online/.test(String(await sendCommand(first, ['INFO', 'replication'], password))))
        throw new Error('no replica');
    },
    { timeout: 120_000 },
  );
  const watch = [
    `sentinel monitor orders 127.0.0.1 ${first.port} 2`,
    'sentinel down-after-milliseconds orders 1000',
    'sentinel failover-timeout orders 4000',
    ...(password === ''
      ? []
      : [`sentinel auth-pass orders ${password}`, `sentinel sentinel-pass ${password}`]),
  ];
  const sentinels: RedisProcess[] = [];
  for (let n = 0; n < 3; n += 1) {
    sentinels.push(await start(password === '' ? {} : { requirepass: password }, watch));
  }
  for (const sentinel of sentinels) {
    await vi.waitFor(
      async () => {
        const said = JSON.stringify(await sendCommand(sentinel, ['SENTINEL', 'MASTER', 'orders'], password));
        if (!/"num-slaves":"1","num-other-sentinels":"2"/.test(said)) throw new Error(said);
      },
      { timeout: 120_000, interval: 200 },
    );
  }
  const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',');
  return {
    url: `redis+sentinel://${password && `:${password}@`}${hosts}/orders`,
    servers: [first, second],
    sentinels,
    async master() {
      const answers = await Promise.allSettled(
        sentinels.map((one) => sendCommand(one, ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'orders'], password)),
      );
      const ports = answers.flatMap((one) =>
        one.status === 'fulfilled' ? [String(one.value).split(',')[1]] : [],
      );
      const named = [first, second].find(({ port }) => ports.every((other) => other === String(port)));
      if (!named) throw new Error(`the Sentinels do not agree: ${ports}`);
      return named;
    },
    stop: async () => void (await Promise.all(all.map((one) => one.stop()))),
  };
}

/** Starts a cluster of three masters, each with this many replicas. */
export async function startClusterGroup({ replicas = 0 } = {}): Promise<ClusterGroup> {
  const servers: RedisProcess[] = [];
  const busPorts = new Map<RedisProcess, number>();
  for (let n = 0; n < 3 * (replicas + 1); n += 1) {
    const busPort = await freePort();
    const server = await startRedisProcess({
      'cluster-enabled': 'yes',
      'cluster-node-timeout': '2000',
      'cluster-port': String(busPort),
      // A lost shard must not stop the others.
      'cluster-require-full-coverage': 'no',
      'cluster-replica-validity-factor': '0',
    });
    servers.push(server);
    busPorts.set(server, busPort);
    await sendCommand(server, ['CLUSTER', 'SET-CONFIG-EPOCH', String(n + 1)]);
  }
  const [first] = servers;
  if (!first) throw new Error('there is no cluster');
  const bounds = [0, 5461, 10_923, 16_384];
  for (const [n, server] of servers.entries()) {
    const meet = ['CLUSTER', 'MEET', '127.0.0.1', String(first.port), String(busPorts.get(first))];
    if (server !== first) await sendCommand(server, meet);
    if (n < 3) {
      const range = [bounds[n] ?? 0, (bounds[n + 1] ?? 0) - 1].map(String);
      await sendCommand(server, ['CLUSTER', 'ADDSLOTSRANGE', ...range]);
    }
  }
  for (const server of servers)
    await untilInfo(server, ['CLUSTER', 'INFO'], new RegExp(`cluster_known_nodes:${servers.length}\r`));
  const idOf = async (server: RedisProcess) => String(await sendCommand(server, ['CLUSTER', 'MYID']));
  for (const [n, server] of servers.entries()) {
    const master = servers[n % 3];
    if (n >= 3 && master) await sendCommand(server, ['CLUSTER', 'REPLICATE', await idOf(master)]);
  }
  for (const server of servers) await untilInfo(server, ['CLUSTER', 'INFO'], /cluster_state:ok/);
  for (const server of servers.slice(3)) {
    await untilInfo(server, ['INFO', 'replication'], /master_link_status:up/);
  }
  const masterOf = (name: string) => findMaster(servers, slotOf(name));
  return {
    url: `redis+cluster://${servers
      .slice(0, 2)
      .map(({ port }) => `127.0.0.1:${port}`)
      .join(',')}`,
    servers,
    masterOf,
    async move(name) {
      const slot = slotOf(name);
      const from = await masterOf(name);
      const to = servers.slice(0, 3).find((one) => one !== from);
      if (!to) throw new Error('there is no node to move to');
      const setSlot = (server: RedisProcess, ...how: string[]) =>
        sendCommand(server, ['CLUSTER', 'SETSLOT', String(slot), ...how]);
      await setSlot(to, 'IMPORTING', await idOf(from));
      await setSlot(from, 'MIGRATING', await idOf(to));
      for (const server of [to, from]) await setSlot(server, 'NODE', await idOf(to));
    },
    stop: async () => void (await Promise.all(servers.map((one) => one.stop()))),
  };
}

/** Waits until a server's information matches. */
async function untilInfo(server: RedisProcess, command: string[], pattern: RegExp): Promise<void> {
  await vi.waitFor(
    async () => {
      const info = String(await sendCommand(server, command));
      if (!pattern.test(info)) throw new Error(info);
    },
    { timeout: 120_000, interval: 100 },
  );
}

async function findMaster(servers: readonly RedisProcess[], slot: number): Promise<RedisProcess> {
  for (const server of servers) {
    // A stopped server knows no master: the next one is asked.
    const ranges = await sendCommand(server, ['CLUSTER', 'SLOTS']).catch(() => []);
    for (const [from, to, [, port]] of ranges as [number, number, [string, number]][]) {
      const master = servers.find((one) => one.port === port);
      if (master && from <= slot && slot <= to) return master;
    }
  }
  throw new Error(`no node has slot ${slot}`);
}

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BusMessage } from '../../packages/server/src/broadcast/bus/broadcast-message.ts';
import { type Bus, createLocalBus } from '../../packages/server/src/broadcast/bus/bus.ts';
import { createBroker } from '../../packages/server/src/broadcast/bus/cluster-broker.ts';
import { createClusterBus } from '../../packages/server/src/broadcast/bus/cluster-bus.ts';
import { noHistory } from '../../packages/server/src/broadcast/bus/history.ts';
import type { OccupancyChange } from '../../packages/server/src/broadcast/bus/occupancy.ts';
import { createRedisBus } from '../../packages/server/src/broadcast/bus/redis-bus.ts';
import { quiet } from './gateway.ts';
import { heartbeatMs, startRedis } from './redis.ts';
import { startClusterGroup } from './redis-groups.ts';

/** A node's bus, with what it has received. */
export interface BusNode extends Bus {
  readonly received: BusMessage[];
  readonly changes: OccupancyChange[];
}

/** Something that connects buses. */
export interface BusRig {
  /** What a bus connects to, as `connectBus` takes it. */
  readonly address: string;
  /** Another node, connected. */
  node(): Promise<BusNode>;
  stop(): Promise<void>;
}

/** A bus at an address: the URL of a Redis, or the path of a broker's socket. */
export async function connectBus(address: string): Promise<Bus> {
  if (address.startsWith('redis')) {
    return createRedisBus({ url: address, log: quiet, history: noHistory, heartbeatMs });
  }
  const socket = connect(address);
  await once(socket, 'connect');
  return createClusterBus(socket, () => {});
}

/** A single process, which has only one bus. */
export async function startLocalRig(): Promise<BusRig> {
  const only = listening(createLocalBus());
  return { address: '', node: async () => only, stop: () => only.stop() };
}

/** Nodes on a Redis. */
export async function startRedisRig(): Promise<BusRig> {
  const redis = await startRedis();
  return rigAt(redis.url, () => redis.stop());
}

/** Nodes on a Redis Cluster. */
export async function startRedisClusterRig(): Promise<BusRig> {
  const group = await startClusterGroup();
  return rigAt(group.url, () => group.stop());
}

/** Workers of one machine around a broker. */
export async function startClusterRig(): Promise<BusRig> {
  const directory = await mkdtemp(join(tmpdir(), 'mevrik-bus-'));
  const broker = createBroker();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    broker.connect(socket);
  }).listen(join(directory, 'broker'));
  await once(server, 'listening');
  return rigAt(join(directory, 'broker'), async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await rm(directory, { recursive: true });
  });
}

function rigAt(address: string, stop: () => Promise<void>): BusRig {
  const nodes: BusNode[] = [];
  return {
    address,
    async node() {
      const node = listening(await connectBus(address));
      nodes.push(node);
      return node;
    },
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
      await stop();
    },
  };
}

function listening(bus: Bus): BusNode {
  const received: BusMessage[] = [];
  const changes: OccupancyChange[] = [];
  bus.receive(
    (message) => received.push(message),
    () => {},
  );
  bus.occupancy.observe((change) => changes.push(change));
  return Object.assign(bus, { received, changes });
}

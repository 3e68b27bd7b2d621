import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import type { RedisNode, RedisTarget } from './redis-url.ts';

/** How long we wait for an answer of Redis. */
export const responseTimeoutMs = 2_000;
/** How often Redis is pinged, and how long an answer may take before the connection is dropped. */
const pingMs = 1_000;
const deadMs = 3_000;
/** The most commands that wait for an answer. */
const maxPendingCommands = 50_000;

/** A connection to one Redis server. It never reconnects: a lost connection stays closed. */
export type RedisConnection = ReturnType<typeof create>;

/** How a connection is opened. */
export interface NodeConnectionOptions {
  readonly node: RedisNode;
  readonly target: Pick<RedisTarget, 'isEncrypted' | 'database' | 'username' | 'password'>;
  /** Called once when the connection is lost, but not when it is destroyed here. */
  readonly onEnd: (error: unknown) => void;
}

/** Opens a connection. Rejects within a few seconds when it cannot. */
export async function openConnection(options: NodeConnectionOptions): Promise<RedisConnection> {
  const connection = create(options);
  let isOpen = false;
  const end = (error: unknown) => {
    if (isOpen) options.onEnd(error);
    isOpen = false;
  };
  // Without a listener, an error would end the process; `terminated` reports it too.
  connection.on('error', () => {});
  connection.on('terminated', end);
  try {
    await connection.connect();
  } catch (error) {
    destroyConnection(connection);
    throw error;
  }
  isOpen = true;
  void watch(connection, end);
  return connection;
}

/** Drops a connection whose Redis hangs: a socket timeout does not fire while there is something to send. */
async function watch(connection: RedisConnection, end: (error: unknown) => void): Promise<void> {
  while (connection.isOpen) {
    await delay(pingMs, undefined, { ref: false });
    let isAnswered = false;
    const answer = connection.ping().then(
      () => {
        isAnswered = true;
      },
      // The connection ended, which `terminated` reports.
      () => {},
    );
    await Promise.race([answer, delay(deadMs, undefined, { ref: false })]);
    // This process itself may have been blocked, with the answer still unread.
    if (!isAnswered) await delay(pingMs / 10, undefined, { ref: false });
    if (isAnswered || !connection.isOpen) continue;
    destroyConnection(connection);
    end(new Error('Redis does not answer'));
  }
}

/**
 * Opens a connection to a master.
 * Rejects when the server is a replica: what is published there reaches no subscriber of the master.
 */
export async function openMaster(options: NodeConnectionOptions): Promise<RedisConnection> {
  let isOpen = false;
  const onEnd = (error: unknown) => {
    if (isOpen) options.onEnd(error);
  };
  const connection = await openConnection({ ...options, onEnd });
  try {
    const answer = await connection.role();
    if (answer?.role !== 'master') throw new Error(`${nodeAddress(options.node)} is not a master`);
  } catch (error) {
    destroyConnection(connection);
    throw error;
  }
  isOpen = true;
  return connection;
}

/** Ends a connection in any state. */
export function destroyConnection(connection: RedisConnection): void {
  if (connection.isOpen) connection.destroy();
}

/** The address of a node, as in `host:port`. */
export function nodeAddress({ host, port }: RedisNode): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

const load = createRequire(import.meta.url);
let makeClient: ReturnType<typeof composeClient> | undefined;

/** Attaches every command to one class. The driver's `createClient` does that again for each other address: 45 ms. */
function composeClient() {
  // Loaded here, because most installations on one machine start without Redis.
  const { RedisClient } = load('@redis/client') as typeof import('@redis/client');
  return RedisClient.factory();
}

function create({ node: { host, port }, target }: NodeConnectionOptions) {
  const { isEncrypted, database, username, password } = target;
  const socket = {
    host,
    port,
    connectTimeout: responseTimeoutMs,
    // For a Redis that hangs while the connection is being established.
    socketTimeout: deadMs,
    reconnectStrategy: false as const,
  };
  makeClient ??= composeClient();
  return makeClient({
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(database > 0 && { database }),
    socket: isEncrypted ? { ...socket, tls: true as const } : socket,
    disableOfflineQueue: true,
    commandsQueueMaxLength: maxPendingCommands,
  });
}

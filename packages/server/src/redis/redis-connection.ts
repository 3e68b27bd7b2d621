import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'redis';
import type { RedisNode, RedisTarget } from './redis-url.ts';

/** How long Redis may take before we go on without its answer. */
export const patienceMs = 2_000;
/** How often Redis is asked whether it is there, and how long that may take before it counts as gone. */
const pingMs = 1_000;
const deadMs = 3_000;
/** What may wait for a Redis that does not answer. */
const maxWaiting = 50_000;

/** A connection to one Redis, which ends for good when it is cut. */
export type RedisConnection = ReturnType<typeof create>;

/** What a connection is opened with. */
export interface TeamAvailability {
  readonly node: RedisNode;
  readonly target: Pick<RedisTarget, 'isEncrypted' | 'database' | 'username' | 'password'>;
  /** Called once when the connection is cut, but not when it was destroyed here. */
  readonly onEnd: (error: unknown) => void;
}

/** Opens a connection. Rejects when that cannot be, in a few seconds at most. */
export async function openConnection(opening: TeamAvailability): Promise<RedisConnection> {
  const connection = create(opening);
  let isOpen = false;
  const end = (error: unknown) => {
    if (isOpen) opening.onEnd(error);
    isOpen = false;
  };
  // Not being heard, an error would end the process.
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

/**
 * Ends a connection whose Redis hangs. A time limit of the socket does not notice while there is something to send.
 */
async function watch(connection: RedisConnection, end: (error: unknown) => void): Promise<void> {
  while (connection.isOpen) {
    await delay(pingMs, undefined, { ref: false });
    let isAnswered = false;
    const answer = connection.ping().then(
      () => {
        isAnswered = true;
      },
      // It has ended, and says so itself.
      () => {},
    );
    await Promise.race([answer, delay(deadMs, undefined, { ref: false })]);
    // This process may itself have stood still, and the answer not been read yet.
    if (!isAnswered) await delay(pingMs / 10, undefined, { ref: false });
    if (isAnswered || !connection.isOpen) continue;
    destroyConnection(connection);
    end(new Error('it does not answer'));
  }
}

/**
 * Opens a connection to a master.
 * Rejects where there is only a replica: what is published there reaches nobody.
 */
export async function openMaster(opening: TeamAvailability): Promise<RedisConnection> {
  let isOpen = false;
  const onEnd = (error: unknown) => {
    if (isOpen) opening.onEnd(error);
  };
  const connection = await openConnection({ ...opening, onEnd });
  try {
    const answer = await connection.role();
    if (answer?.role !== 'master') throw new Error(`${addressOf(opening.node)} is no master`);
  } catch (error) {
    destroyConnection(connection);
    throw error;
  }
  isOpen = true;
  return connection;
}

/** Ends a connection, whatever state it is in. */
export function destroyConnection(connection: RedisConnection): void {
  if (connection.isOpen) connection.destroy();
}

/** A node as people write it. */
export function addressOf({ host, port }: RedisNode): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function create({ node: { host, port }, target }: TeamAvailability) {
  const { isEncrypted, database, username, password } = target;
  const socket = {
    host,
    port,
    connectTimeout: patienceMs,
    // Of a Redis that hangs while the connection begins.
    socketTimeout: deadMs,
    reconnectStrategy: false as const,
  };
  return createClient({
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(database > 0 && { database }),
    socket: isEncrypted ? { ...socket, tls: true as const } : socket,
    disableOfflineQueue: true,
    commandsQueueMaxLength: maxWaiting,
  });
}

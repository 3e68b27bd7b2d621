import { type BackOff, backOffMs } from '../domain/back-off.ts';
import { destroyConnection, nodeAddress, type RedisConnection } from './redis-connection.ts';
import type { RedisLog } from './redis-link.ts';
import type { RedisNode } from './redis-url.ts';

/** How a connection is kept open. */
export interface KeepOptions {
  /** Where to connect; called before each attempt. */
  readonly find: () => RedisNode | Promise<RedisNode>;
  readonly open: (node: RedisNode, onEnd: (error: unknown) => void) => Promise<RedisConnection>;
  /** How often `find` is called while connected, to follow a master that moved; never when absent. */
  readonly reviewMs?: number | undefined;
  readonly log: RedisLog;
  /** Fields of its log entries. */
  readonly about: object;
  /** Called each time the connection is established. */
  readonly onReady: (connection: RedisConnection, node: RedisNode) => void;
  /** Called once each time the connection is lost, and when the first attempt fails. */
  readonly onGone: () => void;
}

const backOff: BackOff = { firstMs: 50, longestMs: 2_000, jitter: [1, 1] };
/** Added rather than multiplied: the first attempts, after 50 ms, need it most. */
const longestJitterMs = 100;

/** A connection that reconnects forever. */
export interface KeptConnection {
  /** `undefined` while there is none. */
  readonly current: RedisConnection | undefined;
  stop(): void;
}

/** Connects in the background and reconnects forever, with back-off and jitter. */
export function keepConnected(options: KeepOptions): KeptConnection {
  const { find, open, reviewMs, log, about, onReady, onGone } = options;
  let current: { readonly connection: RedisConnection; readonly node: RedisNode } | undefined;
  let isGone = false;
  let isStopped = false;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  void connect();
  return {
    get current() {
      return current?.connection;
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
      if (current) destroyConnection(current.connection);
      current = undefined;
    },
  };

  async function connect(): Promise<void> {
    try {
      const node = await find();
      if (isStopped) return;
      const connection = await open(node, (error) => drop(connection, error));
      if (isStopped) return destroyConnection(connection);
      current = { connection, node };
      failures = 0;
      if (isGone) log.info(about, 'Redis connection restored');
      isGone = false;
      if (reviewMs !== undefined) timer = setTimeout(review, reviewMs, reviewMs).unref();
      onReady(connection, node);
    } catch (error) {
      retry(error);
    }
  }

  function drop(connection: RedisConnection, error: unknown): void {
    if (current?.connection !== connection) return;
    current = undefined;
    destroyConnection(connection);
    retry(error);
  }

  function retry(error: unknown): void {
    if (isStopped) return;
    clearTimeout(timer);
    // Jitter, so that not all nodes reconnect at the same moment.
    failures += 1;
    timer = setTimeout(connect, backOffMs(backOff, failures) + Math.random() * longestJitterMs);
    if (isGone) return;
    isGone = true;
    log.warn({ ...about, err: error }, 'Redis connection lost; reconnecting');
    onGone();
  }

  /** Another server may have become the master while this connection stayed open. */
  async function review(everyMs: number): Promise<void> {
    const reviewed = current;
    if (!reviewed) return;
    // Sentinels that do not answer name no other master: the connection stays.
    const node = await Promise.resolve(find()).catch(() => reviewed.node);
    if (isStopped || current !== reviewed) return;
    if (nodeAddress(node) === nodeAddress(reviewed.node))
      timer = setTimeout(review, everyMs, everyMs).unref();
    else drop(reviewed.connection, new Error(`${nodeAddress(node)} is the master now`));
  }
}

import { addressOf, destroyConnection, type RedisConnection } from './redis-connection.ts';
import type { RedisLog } from './redis-link.ts';
import type { RedisNode } from './redis-url.ts';

/** What keeping a connection takes. */
export interface KeepOptions {
  /** Where to connect; asked before each attempt. */
  readonly find: () => RedisNode | Promise<RedisNode>;
  readonly open: (node: RedisNode, onEnd: (error: unknown) => void) => Promise<RedisConnection>;
  /** How often it is asked whether that is still the place; it is not where this is absent. */
  readonly reviewMs?: number | undefined;
  readonly log: RedisLog;
  /** What the log says with it. */
  readonly about: object;
  /** Called each time the connection stands. */
  readonly onReady: (connection: RedisConnection, node: RedisNode) => void;
  /** Called each time it no longer does, and also when the first attempt fails; once until it stands again. */
  readonly onGone: () => void;
}

/** A connection that is made again without end. */
export interface KeptConnection {
  /** `undefined` while there is none. */
  readonly current: RedisConnection | undefined;
  stop(): void;
}

/** Connects in the background, again and again. */
export function keepConnected(options: KeepOptions): KeptConnection {
  const { find, open, reviewMs, log, about, onReady, onGone } = options;
  let current: { readonly connection: RedisConnection; readonly node: RedisNode } | undefined;
  let isGone = false;
  let isStopped = false;
  let tries = 0;
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
      const connection = await open(node, (error) => cut(connection, error));
      if (isStopped) return destroyConnection(connection);
      current = { connection, node };
      tries = 0;
      if (isGone) log.info(about, 'Redis is back');
      isGone = false;
      if (reviewMs !== undefined) timer = setTimeout(review, reviewMs, reviewMs).unref();
      onReady(connection, node);
    } catch (error) {
      again(error);
    }
  }

  function cut(connection: RedisConnection, error: unknown): void {
    if (current?.connection !== connection) return;
    current = undefined;
    destroyConnection(connection);
    again(error);
  }

  function again(error: unknown): void {
    if (isStopped) return;
    clearTimeout(timer);
    // Spread, so that not all nodes come back in the same moment.
    timer = setTimeout(connect, Math.min(2_000, 50 * 2 ** Math.min(tries++, 6)) + Math.random() * 100);
    if (isGone) return;
    isGone = true;
    log.warn({ ...about, error: String(error) }, 'Redis is gone; connecting again');
    onGone();
  }

  /** Another may have become the master without this connection's having been cut. */
  async function review(everyMs: number): Promise<void> {
    const reviewed = current;
    if (!reviewed) return;
    const node = await Promise.resolve(find()).catch(() => reviewed.node);
    if (isStopped || current !== reviewed) return;
    if (addressOf(node) === addressOf(reviewed.node)) timer = setTimeout(review, everyMs, everyMs).unref();
    else cut(reviewed.connection, new Error(`${addressOf(node)} has taken over`));
  }
}

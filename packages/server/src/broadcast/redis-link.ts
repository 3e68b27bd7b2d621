import { createClient } from 'redis';
import type { GatewayLog } from './gateway-dependencies.ts';

/** How long Redis may take before we go on without its answer. */
const patienceMs = 2_000;
/** How often a silent Redis is asked whether it is there. */
const pingMs = 1_000;
/** What may wait for a Redis that does not answer. */
const maxWaiting = 50_000;

/** A connection to Redis that is made again without end. */
export type RedisLink = ReturnType<typeof connectRedis>;

/**
 * Connects in the background; commands fail at once while Redis is gone.
 * `onReady` is called each time the connection stands.
 */
export function connectRedis(options: {
  readonly url: string;
  readonly log: GatewayLog;
  readonly purpose: string;
  readonly onReady: () => void;
}) {
  const { url, log, purpose, onReady } = options;
  const client = createClient({
    url,
    disableOfflineQueue: true,
    commandsQueueMaxLength: maxWaiting,
    pingInterval: pingMs,
    socket: {
      connectTimeout: patienceMs,
      // A Redis that hangs is left for a new connection, and counts as gone until it answers there.
      socketTimeout: pingMs + patienceMs,
      // Spread, so that not all nodes come back in the same moment.
      reconnectStrategy: (tries: number) =>
        Math.min(2_000, 50 * 2 ** Math.min(tries, 6)) + Math.random() * 100,
    },
  });
  let isGone = false;
  client.on('error', (error: unknown) => {
    if (!isGone) log.warn({ purpose, error: String(error) }, 'Redis is gone; connecting again');
    isGone = true;
  });
  client.on('ready', () => {
    if (isGone) log.info({ purpose }, 'Redis is back');
    isGone = false;
    onReady();
  });
  // Rejects only when it is stopped before it ever connected.
  client.connect().catch(() => {});
  return client;
}

/** Gives up waiting after a while; the work itself goes on. */
export async function patiently<Result>(work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('Redis does not answer')), patienceMs);
  });
  try {
    return await Promise.race([work, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}

import type { RedisCommands } from './redis-commands.ts';
import { patienceMs } from './redis-connection.ts';

/** A connection to Redis, or to all parts of one, that is made again without end. */
export interface RedisLink extends RedisCommands {
  /** Whether there is a connection; in a cluster, to some part. */
  readonly isReady: boolean;
  /** Whether there is one to the part that has this name. */
  reaches(name: string): boolean;
  /** Rejects with `NotTakenError` when it surely did not arrive, otherwise when it may not have. */
  publish(name: string, text: string): Promise<void>;
  /** Rejects when that cannot be now. It is lost with the connection. */
  subscribe(name: string, listener: RedisListener): Promise<void>;
  /** Something may still come until this resolves. */
  unsubscribe(name: string, listener: RedisListener): Promise<void>;
  /** Ends all connections. */
  destroy(): void;
}

/** Hears what is published under a name. */
export type RedisListener = (text: string, name: string) => void;

/** What a link is given. */
export interface LinkOptions {
  /** As `REDIS_URL` has it. */
  readonly url: string;
  readonly log: RedisLog;
  readonly purpose: string;
  /** Called each time something can be reached that could not be: everything is to be subscribed to again. */
  readonly onReady: () => void;
  /** Called each time something no longer can be; in a cluster, the rest goes on. */
  readonly onGone?: () => void;
}

/** Where a link writes what people should know. */
export interface RedisLog {
  info(detail: object, message: string): void;
  warn(detail: object, message: string): void;
}

/** What was to be sent surely did not arrive. */
export class NotTakenError extends Error {
  override readonly name = 'NotTakenError';
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

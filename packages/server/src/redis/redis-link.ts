import { within } from '../domain/deadline.ts';
import type { RedisCommands } from './redis-commands.ts';
import { responseTimeoutMs } from './redis-connection.ts';

/** A connection to Redis, or to all masters of a cluster, that reconnects forever. */
export interface RedisLink extends RedisCommands {
  /** Whether it is connected; in a cluster, to at least one master. */
  readonly isReady: boolean;
  /** Whether the server of this name is connected. */
  reaches(name: string): boolean;
  /** The command by which scripts publish, on the server of the name. */
  readonly publishCommand: 'PUBLISH' | 'SPUBLISH';
  /** Rejects with `NotSentError` when the message certainly did not arrive; with other errors it may have. */
  publish(name: string, text: string): Promise<void>;
  /** Rejects while the server is unreachable. The subscription is lost with the connection. */
  subscribe(name: string, listener: RedisListener): Promise<void>;
  /** Messages may still arrive until this resolves. */
  unsubscribe(name: string, listener: RedisListener): Promise<void>;
  /** Ends all connections. */
  destroy(): void;
}

/** Receives what is published under a name. */
export type RedisListener = (text: string, name: string) => void;

/** How a link is opened. */
export interface LinkOptions {
  /** In the form of `REDIS_URL`. */
  readonly url: string;
  readonly log: RedisLog;
  /** What the connection is for, in log entries. */
  readonly purpose: string;
  /** Called each time a server becomes reachable: everything must be subscribed to again. */
  readonly onReady: () => void;
  /** Called each time a server becomes unreachable; in a cluster, the others go on. */
  readonly onGone?: () => void;
}

/** Where a link logs lost and restored connections. */
export interface RedisLog {
  info(detail: object, message: string): void;
  warn(detail: object, message: string): void;
}

/** The message certainly did not arrive. */
export class NotSentError extends Error {
  override readonly name = 'NotSentError';
}

/** Rejects when `work` takes longer than two seconds; the work itself goes on. */
export function withTimeout<Result>(work: Promise<Result>): Promise<Result> {
  return within(responseTimeoutMs, work, 'Redis does not answer');
}

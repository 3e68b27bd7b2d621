import type { Event } from '@mevrik/protocol';
import type { Database } from '../db/database.ts';
import type { SyncHandler } from '../log/transaction.ts';

/** The options shared by all parts of the dispatcher. Names of durations end in their unit. */
export interface DispatchOptions {
  readonly database: Database;
  /** This process, for heartbeats and records. */
  readonly nodeId: string;
  readonly deps: unknown;
  /** `NODE_ENV`, for listeners' conditions. */
  readonly environment: string;
  readonly sync: SyncHandler;
  /** Events handled at the same time on this node (`MAX_CONCURRENT_EVENTS`). */
  readonly maxConcurrentEvents: number;
  /** Retries after a first failed attempt (`EVENT_RETRY_ATTEMPTS`). */
  readonly retries: number;
  /** The time limit of a listener for one event (`EVENT_TIMEOUT`, there in seconds). */
  readonly timeoutMs: number;
  /** How long an event may delay the others of its partition before it is parked to run separately. */
  readonly stallMs: number;
  /** The first retry's delay; it doubles with each. */
  readonly retryDelayMs: number;
  /** The number of parked events of an app at which a subscription is paused for that app. */
  readonly parkedLimit: number;
  /** The interval of the fallback poll, which finds events whose hints were lost. */
  readonly pollMs: number;
  readonly heartbeatMs: number;
  /** A node without a heartbeat for this long is considered dead. */
  readonly deadAfterMs: number;
  readonly log: DispatchLog;
  readonly observe: DispatchObserver;
  /** Called after the commit with the events that listeners raised. */
  readonly onAppended: (events: readonly Event[]) => void;
  /** Called when listeners have handled these events or failed. */
  readonly onMoved: (events: readonly { readonly appId: number }[]) => void;
}

/** The logger of the dispatcher. */
export interface DispatchLog {
  /** Whether lines of this level are written: only then is their detail gathered. */
  isLevelEnabled(level: 'debug'): boolean;
  debug(detail: object, message: string): void;
  info(detail: object, message: string): void;
  warn(detail: object, message: string): void;
  error(detail: object, message: string): void;
}

/** Receives the dispatcher's measurements. */
export interface DispatchObserver {
  handled(subscription: string, count: number, skipped: number, seconds: number): void;
  /** Events handled at the first attempt. */
  aged(events: readonly Event[]): void;
  /** Events that have passed the broadcast lane; after a crash the last ones are counted again. */
  broadcast(events: readonly Event[]): void;
  failed(subscription: string): void;
  parked(subscription: string): void;
  dead(subscription: string): void;
  paused(subscription: string): void;
  /** An event that this version cannot read was not broadcast. */
  unreadable(): void;
}

/** How long a statement of an administrator's change may take; what they read has a shorter limit. */
export const changeMs = 60_000;

/** The maximum number of events per batch, per subscription and partition. */
export const batchLimit = 200;

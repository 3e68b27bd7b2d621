import type { Event } from '@mevrik/protocol';
import type { Database } from '../db/database.ts';
import type { SyncHandler } from '../log/transaction.ts';

/** What everything in this folder is told. Times end in their unit. */
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
  /** How long a listener may take over one event (`EVENT_TIMEOUT`, there in seconds). */
  readonly timeoutMs: number;
  /** How long an event may hold up the others of its partition before it steps aside. */
  readonly stallMs: number;
  /** The first retry's delay; it doubles with each. */
  readonly retryDelayMs: number;
  /** Parked events a subscription may have before it pauses and raises an alert. */
  readonly parkedLimit: number;
  /** The slow poll: what is found when every hint was lost. */
  readonly pollMs: number;
  readonly heartbeatMs: number;
  /** A node not heard of for so long is taken for dead. */
  readonly deadAfterMs: number;
  readonly log: DispatchLog;
  readonly observe: DispatchObserver;
  /** Called with what listeners raised, after the commit. */
  readonly onAppended: (events: readonly Event[]) => void;
  /** Called when listeners have handled events of these apps, or failed at them. */
  readonly onMoved: (events: readonly { readonly appId: number }[]) => void;
}

/** Where the dispatcher writes what people should know. */
export interface DispatchLog {
  info(detail: object, message: string): void;
  warn(detail: object, message: string): void;
  error(detail: object, message: string): void;
}

/** What the dispatcher counts. */
export interface DispatchObserver {
  handled(subscription: string, count: number, skipped: number, seconds: number): void;
  /** Events that a listener has handled at the first attempt. */
  aged(events: readonly Event[]): void;
  /** Events that have passed the broadcast lane: each once, but for those of a crash's last moments. */
  broadcast(events: readonly Event[]): void;
  failed(subscription: string): void;
  parked(subscription: string): void;
  dead(subscription: string): void;
  paused(subscription: string): void;
}

/** Events read or handled in one go, per subscription and partition. */
export const batchLimit = 200;

import type { PresenceMember } from '@mevrik/protocol';
import type { CachedEvent } from './event-cache.ts';
import type { OccupancyChange } from './occupancy.ts';
import type { ListedMember, PresenceChannel, PresenceConnection } from './presence.ts';

/** A message as text, with the key of its app and topic; `null` for a message to all workers. */
export type BrokerMessage = readonly [key: string | null, text: string];

/** A map as JSON. */
export type Pairs<Value> = readonly (readonly [string, Value])[];

/** The calls of a worker to the broker. `null` represents `undefined`. */
export interface BrokerCalls {
  /** Resolves when the messages have been sent to every other subscribed worker. */
  publish(messages: readonly BrokerMessage[]): void;
  subscribe(key: string): void;
  unsubscribe(key: string): void;
  join(
    connection: PresenceConnection,
    member: PresenceMember,
    maxMembers: number,
  ): Promise<{ full: true } | { full: false; isNew: boolean; members: Pairs<ListedMember>; at: number }>;
  leave(connection: PresenceConnection): Promise<string | null>;
  members(appId: number, channel: string): Promise<{ members: Pairs<ListedMember>; at: number }>;
  occupy(appId: number, channel: string, count: number): void;
  occupied(appId: number): Promise<Pairs<number>>;
  countOf(appId: number, channel: string): Promise<number>;
  addNotified(appId: number, item: string): Promise<boolean>;
  removeNotified(appId: number, item: string): Promise<boolean>;
  notified(appId: number): Promise<readonly string[]>;
  put(appId: number, channel: string, event: CachedEvent): Promise<void>;
  get(appId: number, channel: string): Promise<CachedEvent | null>;
  sweep(): void;
  /** Notifies the other workers that partitions have new events. */
  hint(partitions: readonly number[]): void;
  /** The metrics of all workers, one entry each. */
  metrics(): Promise<readonly object[]>;
}

/** The calls of the broker to a worker. */
export interface WorkerCalls {
  deliver(text: string): void;
  /** Sent to exactly one worker. */
  occupancyChanged(change: OccupancyChange): void;
  /** Members left with a worker that has ended; sent to exactly one worker. */
  memberLost(at: PresenceChannel, userId: string): void;
  hint(partitions: readonly number[]): void;
  metrics(): Promise<object | null>;
}

import type { PresenceMember } from '@mevrik/protocol';
import type { CachedEvent } from './event-cache.ts';
import type { OccupancyChange } from './occupancy.ts';
import type { PresencePlace, Whereabouts } from './presence.ts';

/** A message as text, with the app and topic that it is for; `null` where all must get it. */
export type Letter = readonly [key: string | null, text: string];

/** A map as JSON has it. */
export type Pairs<Value> = readonly (readonly [string, Value])[];

/** What a worker can ask of the broker. Answers are `null` where there is none. */
export interface BrokerCalls {
  /** Answered when every other worker that hears the topics has been sent the messages. */
  publish(letters: readonly Letter[]): void;
  hear(key: string): void;
  unhear(key: string): void;
  join(
    place: PresencePlace,
    member: PresenceMember,
    maxMembers: number,
  ): Promise<{ full: true } | { full: false; isNew: boolean; members: Pairs<unknown> }>;
  leave(place: PresencePlace): Promise<string | null>;
  members(appId: number, channel: string): Promise<Pairs<unknown>>;
  occupy(appId: number, channel: string, count: number): void;
  occupied(appId: number): Promise<Pairs<number>>;
  countOf(appId: number, channel: string): Promise<number>;
  enter(appId: number, thing: string): Promise<boolean>;
  strike(appId: number, thing: string): Promise<boolean>;
  told(appId: number): Promise<readonly string[]>;
  put(appId: number, channel: string, event: CachedEvent): Promise<void>;
  get(appId: number, channel: string): Promise<CachedEvent | null>;
  sweep(): void;
  /** Passes on to the other workers that partitions have news. */
  hint(partitions: readonly number[]): void;
  /** The metrics of all workers, as each of them tells its own. */
  metrics(): Promise<readonly object[]>;
}

/** What the broker can ask of a worker. */
export interface WorkerCalls {
  deliver(text: string): void;
  /** Told to one of all workers. */
  occupancyChanged(change: OccupancyChange): void;
  /** Members went with a worker that has ended; told to one of all workers. */
  memberLost(at: Whereabouts, userId: string): void;
  hint(partitions: readonly number[]): void;
  metrics(): Promise<object | null>;
}

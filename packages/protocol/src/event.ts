import type { z } from 'zod';
import type { Topic } from './topics.ts';

/** How an event is broadcast: under which name, to whom, and what they get. */
export interface BroadcastDefinition<Data> {
  /** The name clients bind to, such as `message_post`. */
  readonly as: string;
  /** The topics it goes to. */
  readonly on: (data: Data) => readonly Topic[];
  /** What a topic's subscribers get; `messages` is public and gets no text and no person. */
  readonly with: (data: Data, topic: Topic) => Record<string, unknown>;
}

/** Everything known of one kind of event, in one value. */
export interface EventDefinition<Name extends string = string, Schema extends z.ZodType = z.ZodType> {
  readonly name: Name;
  readonly version: number;
  /** One sentence for people: what it tells. */
  readonly summary: string;
  /** When it is raised, for people. */
  readonly trigger: string;
  readonly schema: Schema;
  /** Events with the same key are handled in the order in which they were committed. */
  readonly key: (data: z.output<Schema>) => string;
  readonly appId: (data: z.output<Schema>) => number;
  readonly sessionId: (data: z.output<Schema>) => number | null;
  /** Whether it is dispatched at all: raising it with data for which this is false does nothing. */
  readonly when: (data: z.output<Schema>) => boolean;
  readonly broadcast: BroadcastDefinition<z.output<Schema>> | null;
}

/** Defines a kind of event; without `when` it is always dispatched, without `broadcast` never broadcast. */
export function defineEvent<const Name extends string, Schema extends z.ZodType>(
  definition: Omit<EventDefinition<Name, Schema>, 'when' | 'broadcast' | 'version'> & {
    readonly version?: number;
    readonly when?: (data: z.output<Schema>) => boolean;
    readonly broadcast?: BroadcastDefinition<z.output<Schema>>;
  },
): EventDefinition<Name, Schema> {
  return { version: 1, when: () => true, broadcast: null, ...definition };
}

/** An event as it stands in the log: what happened, and where it stands in the order. */
export interface EventEnvelope<Name extends string = string, Data = unknown> {
  /** UUID version 7. */
  readonly id: string;
  readonly type: Name;
  readonly version: number;
  /** The ordering key: the conversation. */
  readonly key: string;
  readonly partition: number;
  /** Gapless within its partition, from 1. */
  readonly offset: number;
  readonly appId: number;
  readonly sessionId: number | null;
  /** ISO 8601, UTC. */
  readonly occurredAt: string;
  /** The id of the event that began the chain. */
  readonly correlationId: string;
  /** The id of the event whose listener raised this one; `null` where a request did. */
  readonly causationId: string | null;
  /** W3C trace context, where the request carried one. */
  readonly traceparent: string | null;
  readonly data: Data;
}

import type { z } from 'zod';
import { type Topic, topics } from '../wire/topics.ts';

/** What an event's subscribers get. */
type Payload = Record<string, unknown>;

/** How an event is broadcast: under which name, to whom, and what they get. */
export interface BroadcastDefinition<
  Data,
  As extends string = string,
  Full extends Payload = Payload,
  Redacted extends Payload = Payload,
> {
  /** The name clients bind to, such as `message_post`. */
  readonly as: As;
  /** The topics it goes to. */
  readonly on: (data: Data) => readonly Topic[];
  /** What the subscribers of these topics get. */
  readonly with: (data: Data) => Full;
  /** What the public topic `messages` gets in place of it: no text and no person. Without it, that topic gets none. */
  readonly publicly?: (data: Data) => Redacted;
}

/** Everything known of one kind of event, in one value. */
export interface EventDefinition<
  Name extends string = string,
  Schema extends z.ZodType = z.ZodType,
  As extends string = string,
  Full extends Payload = Payload,
  Redacted extends Payload = Payload,
> {
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
  readonly broadcast: BroadcastDefinition<z.output<Schema>, As, Full, Redacted> | null;
}

/** Defines a kind of event; without `when` it is always dispatched, without `broadcast` never broadcast. */
export function defineEvent<
  const Name extends string,
  Schema extends z.ZodType,
  const As extends string = never,
  Full extends Payload = never,
  Redacted extends Payload = never,
>(
  definition: Omit<EventDefinition<Name, Schema>, 'when' | 'broadcast' | 'version'> & {
    readonly version?: number;
    readonly when?: (data: z.output<Schema>) => boolean;
    readonly broadcast?: BroadcastDefinition<z.output<Schema>, As, Full, Redacted>;
  },
): EventDefinition<Name, Schema, As, Full, Redacted> {
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
  /** The connection of whoever caused it, which is not told of it (`X-Socket-ID`); `null` where all are told. */
  readonly socketId: string | null;
  readonly data: Data;
}

/** What the subscribers of a topic get of an event; `undefined` when they get nothing of it. */
export function payloadFor<Data>(
  broadcast: BroadcastDefinition<Data>,
  data: Data,
  topic: Topic,
): Record<string, unknown> | undefined {
  return topic === topics.messages ? broadcast.publicly?.(data) : broadcast.with(data);
}

import type { z } from 'zod';
import { type Topic, type TopicKind, topics } from '../wire/topics.ts';

/** The payload that subscribers receive. */
type Payload = Record<string, unknown>;

/** How an event is broadcast: its name, its topics and its payload. */
export interface BroadcastDefinition<
  Data,
  As extends string = string,
  Full extends Payload = Payload,
  Redacted extends Payload = Payload,
> {
  /** The name clients bind to, such as `message_post`. */
  readonly as: As;
  /** The kinds of topic that `on` returns, in the same order. */
  readonly topics: readonly TopicKind[];
  /** The topics of one event. */
  readonly on: (data: Data) => readonly Topic[];
  /** The payload for subscribers of these topics. */
  readonly with: (data: Data) => Full;
  /** The payload for the public topic `messages`, without text and personal data. Without it, that topic receives nothing. */
  readonly publicly?: (data: Data) => Redacted;
}

/** The definition of one kind of event. */
export interface EventDefinition<
  Name extends string = string,
  Schema extends z.ZodType = z.ZodType,
  As extends string = string,
  Full extends Payload = Payload,
  Redacted extends Payload = Payload,
> {
  readonly name: Name;
  readonly version: number;
  /** A short title in the words of the product, such as `Case closed`. */
  readonly title: string;
  /** What happened, in one sentence. */
  readonly summary: string;
  /** When it is raised, in one sentence. */
  readonly trigger: string;
  readonly schema: Schema;
  /** By version: brings data of that version to the next one, so that the log stays readable. */
  readonly upcasters: Readonly<Record<number, (data: unknown) => unknown>>;
  /** Events with the same key are handled in commit order. */
  readonly key: (data: z.output<Schema>) => string;
  readonly appId: (data: z.output<Schema>) => number;
  readonly sessionId: (data: z.output<Schema>) => number | null;
  /** Whether the event is dispatched; raising it with data for which this returns false does nothing. */
  readonly when: (data: z.output<Schema>) => boolean;
  readonly broadcast: BroadcastDefinition<z.output<Schema>, As, Full, Redacted> | null;
}

/**
 * Defines a kind of event. Without `when` it is always dispatched; without `broadcast` it is never broadcast.
 *
 * @throws Error if an older version has no upcaster.
 */
export function defineEvent<
  const Name extends string,
  Schema extends z.ZodType,
  const As extends string = never,
  Full extends Payload = never,
  Redacted extends Payload = never,
>(
  definition: Omit<EventDefinition<Name, Schema>, 'when' | 'broadcast' | 'version' | 'upcasters'> & {
    readonly version?: number;
    readonly upcasters?: EventDefinition['upcasters'];
    readonly when?: (data: z.output<Schema>) => boolean;
    readonly broadcast?: BroadcastDefinition<z.output<Schema>, As, Full, Redacted>;
  },
): EventDefinition<Name, Schema, As, Full, Redacted> {
  const { version = 1, upcasters = {}, when = () => true, broadcast = null, ...fixed } = definition;
  for (let from = 1; from < version; from++) {
    if (!upcasters[from]) throw new Error(`${fixed.name} has no upcaster from version ${from}.`);
  }
  return { ...fixed, version, upcasters, when, broadcast };
}

/** An event in the log, with its position. */
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
  /** The id of the first event of the chain. */
  readonly correlationId: string;
  /** The id of the event whose listener raised this one; `null` if a request did. */
  readonly causationId: string | null;
  /** W3C trace context, if the request carried one. */
  readonly traceparent: string | null;
  /** The connection that caused the event and is left out of its broadcast (`X-Socket-ID`); `null` if none is left out. */
  readonly socketId: string | null;
  readonly data: Data;
}

/** The payload of an event for subscribers of a topic; `undefined` if they receive nothing. */
export function payloadFor<Data>(
  broadcast: BroadcastDefinition<Data>,
  data: Data,
  topic: Topic,
): Record<string, unknown> | undefined {
  return topic === topics.messages ? broadcast.publicly?.(data) : broadcast.with(data);
}

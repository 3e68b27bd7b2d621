import type { BroadcastPayloads, NoticePayloads, PublicBroadcastPayloads, Topic } from '@mevrik/protocol';

/** The names of our own topics, with and without a prefix, that can be subscribed to. */
export type OwnTopic = Topic | `private-${Topic}` | `presence-${Topic}`;

/** The payload of each event on our own topics. */
type OwnEvents = BroadcastPayloads & NoticePayloads;

/**
 * The events of a topic: those of the catalogue on our own topics, redacted on `messages`; on other
 * topics, any event with an unknown payload.
 */
export type EventsOf<TopicName extends string> = TopicName extends `${'' | 'private-' | 'presence-'}messages`
  ? PublicBroadcastPayloads
  : TopicName extends OwnTopic
    ? OwnEvents
    : Record<string, unknown>;

/** A member of a presence topic. */
export interface Member {
  readonly id: string;
  readonly info: unknown;
}

/** A participant started or stopped typing. */
export interface Typing {
  /** The user's id on presence topics, otherwise `customer` or `agent` if it is known. */
  readonly who: string | undefined;
  readonly typing: boolean;
}

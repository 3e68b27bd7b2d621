import type { BroadcastPayloads, NoticePayloads, PublicBroadcastPayloads, Topic } from '@mevrik/protocol';

/** The names of our own channels that can be subscribed to. */
export type OwnTopic = Topic | `private-${Topic}` | `presence-${Topic}`;

/** The payload of each event on our own channels. */
type OwnEvents = BroadcastPayloads & NoticePayloads;

/**
 * The events of a channel: those of the catalogue on our own channels, redacted on `messages`; on other
 * channels, any event with an unknown payload.
 */
export type EventsOf<Channel extends string> = Channel extends `${'' | 'private-' | 'presence-'}messages`
  ? PublicBroadcastPayloads
  : Channel extends OwnTopic
    ? OwnEvents
    : Record<string, unknown>;

/** A member of a presence channel. */
export interface Member {
  readonly id: string;
  readonly info: unknown;
}

/** A participant started or stopped typing. */
export interface Typing {
  /** The user's id on presence channels, otherwise `customer` or `agent` if it is known. */
  readonly who: string | undefined;
  readonly typing: boolean;
}

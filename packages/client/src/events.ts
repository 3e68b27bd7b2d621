import type { BroadcastPayloads, NoticePayloads, PublicBroadcastPayloads, Topic } from '@mevrik/protocol';

/** The names of our own channels, as they can be subscribed to. */
export type OwnTopic = Topic | `private-${Topic}` | `presence-${Topic}`;

/** What each name brings on a channel of ours. */
type OwnEvents = BroadcastPayloads & NoticePayloads;

/**
 * The events of a channel: those of the catalogue on our own, redacted ones on `messages`; on channels of others any
 * name, with whatever it brings.
 */
export type EventsOf<Channel extends string> = Channel extends `${'' | 'private-' | 'presence-'}messages`
  ? PublicBroadcastPayloads
  : Channel extends OwnTopic
    ? OwnEvents
    : Record<string, unknown>;

/** Who else is on a presence channel. */
export interface Member {
  readonly id: string;
  readonly info: unknown;
}

/** A participant started or stopped typing. */
export interface Typing {
  /** The user's id on presence channels, else `customer` or `agent`, as far as it is known. */
  readonly who: string | undefined;
  readonly typing: boolean;
}

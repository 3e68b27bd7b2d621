import type { Principal } from '../../auth/principal.ts';
import type { NodeState } from './node-state.ts';

/**
 * One event for everybody who listens to a topic of an app: subscribers of `x`, `private-x` and `presence-x` alike.
 */
export interface BroadcastMessage {
  readonly appId: number;
  /** Without prefix, such as `session123`. */
  readonly topic: string;
  /** What clients bind to, such as `message_post`. */
  readonly event: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** The event of the log that it tells of, so that a client can tell a repetition. */
  readonly eventId?: string;
  /** That event's partition and offset. Of one topic and partition, what has a higher offset comes later. */
  readonly at?: readonly [partition: number, offset: number];
  /** The connection that caused it and needs no telling. */
  readonly exceptSocketId?: string;
}

/** One event for the subscribers of one channel by its full name: what the HTTP API and other clients send. */
export interface ChannelMessage {
  readonly appId: number;
  /** With its prefix, such as `private-session123`. */
  readonly channel: string;
  readonly event: string;
  /** The text that clients get as `data`: mostly JSON. */
  readonly data: string;
  /** Who sent it, where a member of a presence channel did. */
  readonly userId?: string;
  readonly exceptSocketId?: string;
}

/** Ends the connections of one user of an app, on whichever node they are. */
export interface TerminateMessage {
  readonly appId: number;
  readonly terminateUser: string;
}

/** What was signed for somebody, and on the strength of what. */
export interface Grant {
  readonly principal: Principal;
  /** The header that proved who it is. */
  readonly authorization: string;
  readonly appId: number;
  readonly socketId: string;
}

/** Something was signed for a connection of another node, which is to see to it that it still holds. */
export interface GrantMessage {
  readonly appId: number;
  readonly grant: Grant;
}

/** Asks every node what is connected to it. */
export interface AskMessage {
  /** What the answers name. */
  readonly askOfNodes: string;
}

/** What is connected to a node that was asked. */
export interface AnswerMessage {
  readonly answerTo: string;
  readonly state: NodeState;
}

/** Whatever goes over the bus. */
export type BusMessage =
  | BroadcastMessage
  | ChannelMessage
  | TerminateMessage
  | GrantMessage
  | AskMessage
  | AnswerMessage;

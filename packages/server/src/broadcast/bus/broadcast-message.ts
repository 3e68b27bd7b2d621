import type { UserId } from '@mevrik/protocol';
import type { Principal } from '../../auth/principal.ts';
import type { NodeState } from './node-state.ts';

/**
 * One event for all subscribers of an app's topic: those of `x`, `private-x` and `presence-x` alike.
 */
export interface BroadcastMessage {
  readonly appId: number;
  /** Without prefix, such as `session123`. */
  readonly topic: string;
  /** What clients bind to, such as `message_post`. */
  readonly event: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** The id of the log event, so that a client can recognize a duplicate. */
  readonly eventId?: string;
  /** The position of that event. Within one topic and partition, a higher offset is later. */
  readonly at?: readonly [partition: number, offset: number];
  /** The connection that caused the event and does not receive it. */
  readonly exceptSocketId?: string;
}

/** One event for the subscribers of one Pusher channel: sent by the HTTP API or by another client. */
export interface PusherMessage {
  readonly appId: number;
  /** With its prefix, such as `private-session123`. */
  readonly channel: string;
  readonly event: string;
  /** The text that clients receive as `data`: usually JSON. */
  readonly data: string;
  /** The sender, if it is a member of a presence channel. */
  readonly userId?: UserId;
  readonly exceptSocketId?: string;
  /** Its rank among the changes of a presence channel's members. Not sent to those whose list includes it. */
  readonly order?: number;
}

/** Closes the connections of one user of an app on all nodes. */
export interface TerminateMessage {
  readonly appId: number;
  readonly terminateUser: string;
}

/** A signature given to a connection, and the credentials it was based on. */
export interface Grant {
  readonly principal: Principal;
  /** The authorization header that authenticated the principal. */
  readonly authorization: string;
  readonly appId: number;
  readonly socketId: string;
}

/** A signature was given to a connection of another node; that node rechecks it from then on. */
export interface GrantMessage {
  readonly appId: number;
  readonly grant: Grant;
}

/** Asks every node for its state. */
export interface SurveyRequest {
  /** The id that answers refer to. */
  readonly surveyRequest: string;
}

/** The state of a node, in answer to a survey. */
export interface SurveyAnswer {
  readonly surveyAnswer: string;
  readonly state: NodeState;
}

/** Any message on the bus. */
export type BusMessage =
  | BroadcastMessage
  | PusherMessage
  | TerminateMessage
  | GrantMessage
  | SurveyRequest
  | SurveyAnswer;

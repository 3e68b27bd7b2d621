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

/** Ends one connection, on whichever node it is, because what was signed for it no longer holds. */
export interface RevokeMessage {
  readonly appId: number;
  readonly revokeSocket: string;
}

/** Whatever goes over the bus. */
export type BusMessage = BroadcastMessage | ChannelMessage | TerminateMessage | RevokeMessage;

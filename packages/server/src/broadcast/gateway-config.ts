/** The gateway's figures. Sizes are in bytes, times in the unit that their name ends with. */
export interface GatewayConfig {
  /** After so much silence a client is asked whether it is still there; clients are told the same figure. */
  readonly activityTimeoutSeconds: number;
  /** How long it may take to answer. */
  readonly pongTimeoutSeconds: number;
  /** Connections on this node. */
  readonly maxConnections: number;
  /** One frame from a client. */
  readonly maxMessageBytes: number;
  /** The data of one event, from a client or the HTTP API. */
  readonly maxEventBytes: number;
  /** Frames from one client, sustained; a burst may be ten seconds' worth. */
  readonly maxMessagesPerSecond: number;
  readonly maxClientEventsPerSecond: number;
  readonly maxChannelsPerConnection: number;
  readonly maxPresenceMembers: number;
  /** What may wait for a slow reader before it is cut off. */
  readonly maxBufferedBytes: number;
  /** How often it is looked at whether apps are still open, and staff still may what was signed for them. */
  readonly recheckMs: number;
  /** How often channels nobody hears, and what else is stale, are removed (`CHANNEL_CLEANUP_INTERVAL`). */
  readonly cleanupIntervalMs: number;
  /** A drain spreads many farewells over up to this time. */
  readonly drainMs: number;
}

/** What holds where nothing else is said. */
export const gatewayDefaults: GatewayConfig = {
  activityTimeoutSeconds: 120,
  pongTimeoutSeconds: 30,
  maxConnections: 20_000,
  maxMessageBytes: 32_768,
  maxEventBytes: 10_240,
  maxMessagesPerSecond: 100,
  maxClientEventsPerSecond: 10,
  maxChannelsPerConnection: 1_000,
  maxPresenceMembers: 100,
  maxBufferedBytes: 1_048_576,
  recheckMs: 5_000,
  cleanupIntervalMs: 3_600_000,
  drainMs: 5_000,
};

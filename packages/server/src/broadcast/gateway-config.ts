/** The gateway's limits and timeouts. Sizes are in bytes, times in the unit that their name ends with. */
export interface GatewayConfig {
  /** A client that is silent for this long is pinged; the same value is sent to clients. */
  readonly activityTimeoutSeconds: number;
  /** How long a client may take to answer a ping. */
  readonly pongTimeoutSeconds: number;
  /** How long a client may take to sign in, or to subscribe to a private channel, if its app requires one of them. */
  readonly authorizationSeconds: number;
  /** A connection with nothing but pings and pongs for this long is closed. */
  readonly idleSeconds: number;
  /** Maximum connections on this node. */
  readonly maxConnections: number;
  /** Maximum connections from one remote address; `null`: no limit. */
  readonly maxConnectionsPerAddress: number | null;
  /** Whether the forwarded headers of a proxy are trusted: the client's address, and whether it used TLS. */
  readonly trustProxy: boolean;
  /** Maximum size of a message from a client. */
  readonly maxMessageBytes: number;
  /** Maximum fragments of a message. */
  readonly maxFragments: number;
  /** Maximum size of an event's data, from a client or the HTTP API. */
  readonly maxEventBytes: number;
  /** Messages and pings from one client, sustained. */
  readonly maxMessagesPerSecond: number;
  /** Size of a burst, in seconds of the sustained rate. */
  readonly messageBurstSeconds: number;
  readonly maxClientEventsPerSecond: number;
  readonly maxChannelsPerConnection: number;
  readonly maxPresenceMembers: number;
  /** Maximum size of a member's `channel_data`. */
  readonly maxMemberBytes: number;
  /** Maximum size of signed `user_data`. */
  readonly maxUserDataBytes: number;
  /** Maximum buffer for a slow reader; beyond it the connection is closed. */
  readonly maxBufferedBytes: number;
  /** How often apps and the access of staff are rechecked. */
  readonly recheckMs: number;
  /** How often empty channels and other stale state are removed (`CHANNEL_CLEANUP_INTERVAL`). */
  readonly cleanupIntervalMs: number;
  /** How long webhooks wait before a channel or member counts as gone: the time of a page reload. */
  readonly lingerMs: number;
  /** How long webhook events are batched. */
  readonly webhookGatherMs: number;
  /** Delay before the first retry of a webhook; it doubles each time, up to a minute. */
  readonly webhookPauseMs: number;
  /** A webhook that fails for this long is abandoned. */
  readonly webhookGiveUpMs: number;
  /** Whether clients may negotiate compression. It saves bandwidth and costs CPU time. */
  readonly compression: boolean;
  /** How long a client may take to answer a close frame. */
  readonly closeTimeoutMs: number;
  /** A drain spreads disconnections over up to this time. */
  readonly drainMs: number;
}

/** The default limits and timeouts. */
export const gatewayDefaults: GatewayConfig = {
  activityTimeoutSeconds: 120,
  pongTimeoutSeconds: 30,
  authorizationSeconds: 30,
  idleSeconds: 86_400,
  maxConnections: 20_000,
  maxConnectionsPerAddress: 2_000,
  trustProxy: false,
  maxMessageBytes: 32_768,
  maxFragments: 128,
  maxEventBytes: 10_240,
  maxMessagesPerSecond: 100,
  messageBurstSeconds: 10,
  maxClientEventsPerSecond: 10,
  maxChannelsPerConnection: 1_000,
  maxPresenceMembers: 100,
  maxMemberBytes: 1_280,
  maxUserDataBytes: 20_480,
  maxBufferedBytes: 1_048_576,
  recheckMs: 5_000,
  cleanupIntervalMs: 3_600_000,
  lingerMs: 3_000,
  webhookGatherMs: 100,
  webhookPauseMs: 1_000,
  webhookGiveUpMs: 300_000,
  compression: false,
  closeTimeoutMs: 3_000,
  drainMs: 5_000,
};

/** The gateway's figures. Sizes are in bytes, times in the unit that their name ends with. */
export interface GatewayConfig {
  /** After so much silence a client is asked whether it is still there; clients are told the same figure. */
  readonly activityTimeoutSeconds: number;
  /** How long it may take to answer. */
  readonly pongTimeoutSeconds: number;
  /** A connection on which nothing but pings and their answers went to and fro for so long is ended. */
  readonly idleSeconds: number;
  /** Connections on this node. */
  readonly maxConnections: number;
  /** Connections from one remote address, other than of this machine; `null`: no limit. */
  readonly maxConnectionsPerAddress: number | null;
  /** Whether a proxy in front is believed in what it says of a client: its address, and whether it came with TLS. */
  readonly trustProxy: boolean;
  /** One message from a client. */
  readonly maxMessageBytes: number;
  /** The fragments that it may come in. */
  readonly maxFragments: number;
  /** The data of one event, from a client or the HTTP API. */
  readonly maxEventBytes: number;
  /** Messages and pings from one client, sustained. */
  readonly maxMessagesPerSecond: number;
  /** A burst may be so many seconds' worth of them. */
  readonly messageBurstSeconds: number;
  readonly maxClientEventsPerSecond: number;
  readonly maxChannelsPerConnection: number;
  readonly maxPresenceMembers: number;
  /** What a member of a presence channel may tell of itself. */
  readonly maxMemberBytes: number;
  /** What may be signed of a user who signs in. */
  readonly maxUserDataBytes: number;
  /** What may wait for a slow reader before it is cut off. */
  readonly maxBufferedBytes: number;
  /** How often it is looked at whether apps are still open, and staff still may what was signed for them. */
  readonly recheckMs: number;
  /** How often channels nobody hears, and what else is stale, are removed (`CHANNEL_CLEANUP_INTERVAL`). */
  readonly cleanupIntervalMs: number;
  /** Who leaves and is back by then has not been away, to webhooks: a page was loaded again. */
  readonly lingerMs: number;
  /** Webhooks are gathered for so long. */
  readonly webhookGatherMs: number;
  /** The first pause before a webhook is tried again; each further one is twice as long, up to a minute. */
  readonly webhookPauseMs: number;
  /** After so long a webhook that fails is given up. */
  readonly webhookGiveUpMs: number;
  /** Whether clients that ask for it get compressed frames. It saves bytes and costs time. */
  readonly compression: boolean;
  /** How long a client may take to answer our farewell. */
  readonly farewellMs: number;
  /** A drain spreads many farewells over up to this time. */
  readonly drainMs: number;
}

/** What holds where nothing else is said. */
export const gatewayDefaults: GatewayConfig = {
  activityTimeoutSeconds: 120,
  pongTimeoutSeconds: 30,
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
  farewellMs: 3_000,
  drainMs: 5_000,
};

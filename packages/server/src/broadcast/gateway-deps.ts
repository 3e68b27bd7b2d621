import type { Principal } from '../auth/principal.ts';
import type { AccessFacts } from './access/access.ts';
import type { Bus } from './bus/bus.ts';
import type { History } from './bus/history.ts';
import type { GatewayConfig } from './gateway-config.ts';

/** What the gateway must know of an app. */
export interface GatewayApp {
  readonly id: number;
  readonly key: string;
  readonly secret: string;
  readonly enabled: boolean;
  readonly settings: { readonly realtime: RealtimeSettings };
}

/** What an app has chosen for its connected clients. */
export interface RealtimeSettings {
  /** Whether clients may send `client-…` events to each other. */
  readonly clientEvents: boolean;
  /** Whether subscribers are told how many they are. */
  readonly subscriptionCount: boolean;
  /** Connections without TLS are sent away with 4000. */
  readonly tlsOnly: boolean;
  /** Connections on one node beyond which further ones are sent away with 4004; `null`: no limit. */
  readonly maxConnections: number | null;
  /** Where the app's back end is told of channels and members. */
  readonly webhooks: readonly { readonly url: string; readonly events: readonly PusherWebhookEventName[] }[];
}

/** What a webhook can tell of. */
export type PusherWebhookEventName =
  | 'channel_occupied'
  | 'channel_vacated'
  | 'member_added'
  | 'member_removed'
  | 'client_event'
  | 'cache_miss'
  | 'subscription_count';

/** What holds for an app that has chosen nothing. */
export const realtimeDefaults: RealtimeSettings = {
  clientEvents: true,
  subscriptionCount: false,
  tlsOnly: false,
  maxConnections: null,
  webhooks: [],
};

/** Where apps are looked up. */
export interface GatewayApps {
  byKey(key: string): Promise<GatewayApp | undefined>;
  byId(id: number): Promise<GatewayApp | undefined>;
}

/** Takes what somebody should be able to read later. Must not throw; it is not waited for. */
export type Audit = (entry: {
  readonly appId: number | null;
  readonly actor: string;
  readonly action: string;
  readonly target: string | null;
  readonly detail?: Record<string, unknown>;
}) => void;

/** Where the gateway writes its log: pino fits. */
export interface GatewayLog {
  info(detail: object, message: string): void;
  warn(detail: object, message: string): void;
  error(detail: object, message: string): void;
}

/** What the gateway is given. */
export interface GatewayDeps {
  readonly apps: GatewayApps;
  /** @throws ProblemError `unauthenticated` or `token_expired`. */
  readonly authenticate: (authorizationHeader: string | undefined) => Promise<Principal>;
  readonly facts: AccessFacts;
  readonly audit: Audit;
  readonly bus: Bus;
  /** What clients that were cut off are told again. */
  readonly history: History;
  readonly log: GatewayLog;
  /** Told whenever a connection of an app comes or goes, or hears another channel: often, and not waited for. */
  readonly onMovement?: (appId: number) => void;
  /** What differs from `gatewayDefaults`. */
  readonly config?: Partial<GatewayConfig>;
}

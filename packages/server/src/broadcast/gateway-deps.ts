import type { Principal } from '../auth/principal.ts';
import type { AccessFacts } from './access/access.ts';
import type { Bus } from './bus/bus.ts';
import type { History } from './bus/history.ts';
import type { GatewayConfig } from './gateway-config.ts';

/** An app, as the gateway needs it. */
export interface GatewayApp {
  readonly id: number;
  readonly key: string;
  readonly secret: string;
  readonly enabled: boolean;
  readonly settings: { readonly realtime: RealtimeSettings };
}

/** An app's realtime settings. */
export interface RealtimeSettings {
  /** Whether clients may send `client-…` events to each other. */
  readonly clientEvents: boolean;
  /** Whether subscribers receive their channel's subscriber count. */
  readonly subscriptionCount: boolean;
  /** Connections that neither sign in nor subscribe to a private or presence channel in time are closed with 4009. */
  readonly authorizedConnections: boolean;
  /** Connections without TLS are closed with 4000. */
  readonly tlsOnly: boolean;
  /** Maximum connections on one node; further ones are closed with 4004. `null`: no limit. */
  readonly maxConnections: number | null;
  /** The webhooks that the app's back end receives. */
  readonly webhooks: readonly { readonly url: string; readonly events: readonly PusherWebhookEventName[] }[];
}

/** The names of webhook events. */
export type PusherWebhookEventName =
  | 'channel_occupied'
  | 'channel_vacated'
  | 'member_added'
  | 'member_removed'
  | 'client_event'
  | 'cache_miss'
  | 'subscription_count';

/** The default realtime settings. */
export const realtimeDefaults: RealtimeSettings = {
  clientEvents: true,
  subscriptionCount: false,
  authorizedConnections: false,
  tlsOnly: false,
  maxConnections: null,
  webhooks: [],
};

/** Looks up apps. */
export interface GatewayApps {
  byKey(key: string): Promise<GatewayApp | undefined>;
  byId(id: number): Promise<GatewayApp | undefined>;
}

/** Writes to the audit log. Must not throw; it is not awaited. */
export type Audit = (entry: {
  readonly appId: number | null;
  readonly actor: string;
  readonly action: string;
  readonly target: string | null;
  readonly detail?: Record<string, unknown>;
}) => void;

/** The gateway's logger, compatible with pino. */
export interface GatewayLog {
  info(detail: object, message: string): void;
  warn(detail: object, message: string): void;
  error(detail: object, message: string): void;
}

/** What the gateway depends on. */
export interface GatewayDeps {
  readonly apps: GatewayApps;
  /** @throws ProblemError `unauthenticated` or `token_expired`. */
  readonly authenticate: (authorizationHeader: string | undefined) => Promise<Principal>;
  readonly facts: AccessFacts;
  readonly audit: Audit;
  readonly bus: Bus;
  /** Past broadcasts, for clients that resume. */
  readonly history: History;
  readonly log: GatewayLog;
  /** Called whenever connections or subscriptions of an app change: often, and not awaited. */
  readonly onConnectionsChanged?: (appId: number) => void;
  /** Overrides of `gatewayDefaults`. */
  readonly config?: Partial<GatewayConfig>;
}

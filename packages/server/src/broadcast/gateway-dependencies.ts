import type { Principal } from '../auth/principal.ts';
import type { AccessFacts } from './access.ts';
import type { Bus } from './bus.ts';
import type { GatewayConfig } from './gateway-config.ts';

/** What the gateway must know of an app. */
export interface GatewayApp {
  readonly id: number;
  readonly key: string;
  readonly secret: string;
  readonly enabled: boolean;
  /** Whether its clients may send `client-…` events to each other; true where it does not say. */
  readonly clientEvents?: boolean;
}

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
export interface GatewayDependencies {
  readonly apps: GatewayApps;
  /** @throws ProblemError `unauthenticated` or `token_expired`. */
  readonly authenticate: (authorizationHeader: string | undefined) => Promise<Principal>;
  readonly facts: AccessFacts;
  readonly audit: Audit;
  readonly bus: Bus;
  readonly log: GatewayLog;
  /** What differs from `gatewayDefaults`. */
  readonly config?: Partial<GatewayConfig>;
}

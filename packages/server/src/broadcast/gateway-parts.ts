import type { GatewayConfig } from './gateway-config.ts';
import type { GatewayDependencies } from './gateway-dependencies.ts';
import type { Hub } from './hub.ts';
import type { Presence } from './presence.ts';

/** What acting on a client's frame takes. */
export interface GatewayParts extends Omit<GatewayDependencies, 'config' | 'presence'> {
  readonly config: GatewayConfig;
  readonly hub: Hub;
  readonly presence: Presence;
}

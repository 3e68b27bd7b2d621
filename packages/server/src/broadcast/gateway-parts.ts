import type { GatewayConfig } from './gateway-config.ts';
import type { GatewayDependencies } from './gateway-dependencies.ts';
import type { Hub } from './hub.ts';

/** What acting on a client's frame takes. */
export interface GatewayParts extends Omit<GatewayDependencies, 'config'> {
  readonly config: GatewayConfig;
  readonly hub: Hub;
}

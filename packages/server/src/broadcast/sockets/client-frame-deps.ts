import type { Traffic } from '../bus/rate-meter.ts';
import type { GatewayConfig } from '../gateway-config.ts';
import type { GatewayDeps } from '../gateway-deps.ts';
import type { ChannelWatch } from '../webhooks/topic-watch.ts';
import type { Hub } from './hub.ts';

/** What acting on a client's frame takes. */
export interface ClientFrameDeps extends Omit<GatewayDeps, 'config'> {
  readonly config: GatewayConfig;
  readonly hub: Hub;
  readonly traffic: Traffic;
  readonly watch: Pick<ChannelWatch, 'cacheMissed' | 'clientEvent' | 'memberAdded' | 'memberRemoved'>;
}

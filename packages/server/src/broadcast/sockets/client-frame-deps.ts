import type { RejectionAudit } from '../access/rejection-audit.ts';
import type { Traffic } from '../bus/rate-meter.ts';
import type { GatewayConfig } from '../gateway-config.ts';
import type { GatewayDeps } from '../gateway-deps.ts';
import type { TopicWatch } from '../webhooks/topic-watch.ts';
import type { Hub } from './hub.ts';

/** What handling a client's frame depends on. */
export interface ClientFrameDeps extends Omit<GatewayDeps, 'config'> {
  readonly config: GatewayConfig;
  readonly hub: Hub;
  readonly rejections: RejectionAudit;
  readonly traffic: Traffic;
  readonly watch: Pick<TopicWatch, 'cacheMissed' | 'clientEvent' | 'memberAdded' | 'memberRemoved'>;
}

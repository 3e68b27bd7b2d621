import { type Bus, createLocalBus } from '../broadcast/bus/bus.ts';
import type { ClusterBus } from '../broadcast/bus/cluster-bus.ts';
import { createRedisBus } from '../broadcast/bus/redis-bus.ts';
import { createGateway, type Gateway } from '../broadcast/gateway.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import { createBroadcastHistory } from '../dispatch/broadcast-history.ts';
import { listNotice } from '../live/delivery-notices.ts';
import type { Notify } from '../live/notice.ts';
import { createPublisher } from '../live/publisher.ts';
import type { Log } from '../observe/log.ts';
import { createAccessFacts } from '../queries/access-facts.ts';
import type { AccessPart } from './access.ts';
import type { Teardown } from './teardown.ts';

/** The dependencies of `startGateway`. */
export interface GatewayPartDeps {
  readonly config: Config;
  readonly log: Log;
  readonly database: Database;
  readonly access: AccessPart;
  /** The bus to the other workers of this machine, if there are any. */
  readonly clusterBus: ClusterBus | undefined;
  readonly teardown: Teardown;
}

/** The gateway, its bus, and the publisher of live notices. */
export interface GatewayPart {
  readonly bus: Bus;
  readonly gateway: Gateway;
  readonly notify: Notify;
}

/** Starts the broadcast bus and the gateway for clients, and creates the publisher of live notices. */
export function startGateway(deps: GatewayPartDeps): GatewayPart {
  const { config, log, database, access, clusterBus, teardown } = deps;
  const { apps, authenticator, audit } = access;
  const history = createBroadcastHistory({
    sql: database.sql,
    maxEvents: config.RECOVERY_MAX_EVENTS,
    maxAgeSeconds: config.RECOVERY_MAX_AGE,
  });
  const bus =
    config.REDIS_URL === null
      ? (clusterBus ?? createLocalBus())
      : createRedisBus({ url: config.REDIS_URL, log, history });
  teardown.add('the broadcast bus', () => bus.stop());
  const notify = createPublisher({
    isEnabled: config.EVENT_BROADCAST_ENABLED,
    publish: (notices) => bus.publish(notices),
    log,
  });
  const gateway = createGateway({
    apps,
    authenticate: (header) => authenticator.authenticate(header),
    facts: createAccessFacts(database.sql),
    audit,
    bus,
    history,
    log,
    onConnectionsChanged: (appId) => notify([listNotice(appId, 'connections')]),
    config: {
      maxConnections: config.MAX_CONNECTIONS,
      maxConnectionsPerAddress: config.MAX_CONNECTIONS_PER_ADDRESS || null,
      trustProxy: config.TRUST_PROXY,
      compression: config.COMPRESSION,
      cleanupIntervalMs: config.CHANNEL_CLEANUP_INTERVAL * 1000,
    },
  });
  teardown.add('the gateway', () => gateway.stop());
  return { bus, gateway, notify };
}

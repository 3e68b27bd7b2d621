import type { Server } from 'node:http';
import type { GatewayTopic, PusherChannel, PusherSubscriptionAuth, PusherUserAuth } from '@mevrik/protocol';
import type { Principal } from '../auth/principal.ts';
import { authorizeSubscription, authorizeUser } from './access/authorize.ts';
import type { BroadcastMessage, Grant } from './bus/broadcast-message.ts';
import type { NodeState } from './bus/node-state.ts';
import {
  createGatewayComponents,
  type GatewayComponents,
  receiveFromBus,
  startPeriodicWork,
  watchOwnGrant,
} from './gateway-components.ts';
import type { GatewayApp, GatewayDeps } from './gateway-deps.ts';
import { createTopicApi, type TopicApi } from './http-api/topic-api.ts';
import type { GatewayInspection } from './inspect/gateway-inspection.ts';
import { disconnectGradually, goingAway } from './sockets/disconnect.ts';
import type { Tap } from './sockets/hub.ts';

/** Speaks the Pusher Channels protocol with the clients that are connected to this process. */
export interface Gateway {
  /** Handles WebSocket upgrades on `/app/{key}`; all others are answered 404. */
  attach(server: Server): void;
  /** Broadcasts messages to all subscribers of their topics, on all nodes. */
  publish(messages: readonly BroadcastMessage[]): Promise<void>;
  /** Delivers what other nodes have published of these partitions; call it before publishing newer events of them. */
  catchUp(partitions: readonly number[]): Promise<void>;
  /** Resolves when no other node can miss what was published before; this may take long. */
  reached(): Promise<void>;
  /** @throws ProblemError `invalid_input` or `forbidden`. */
  authorizeSubscription(
    principal: Principal,
    socketId: string,
    channelName: string,
    app: GatewayApp,
  ): Promise<PusherSubscriptionAuth>;
  /** @throws ProblemError `invalid_input`. */
  authorizeUser(principal: Principal, socketId: string, app: GatewayApp): PusherUserAuth;
  /** Closes the grant's connection once its credentials are no longer valid. */
  watch(grant: Grant): void;
  /** The operations of Pusher's HTTP API. */
  readonly api: TopicApi;
  /** Read access to this process's connections. */
  readonly inspection: GatewayInspection;
  /** The number of connections of this process, and their topics. */
  inspect(): { readonly connections: number; readonly topics: readonly GatewayTopic[] };
  /** The state of each node that answers within a moment. */
  nodes(): Promise<readonly NodeState[]>;
  /** Observes a topic; the returned function ends that. `onEnd` is called when this node shuts down. */
  tap(appId: number, channel: PusherChannel, tap: Tap, onEnd: () => void): Promise<() => void>;
  /** The log is another one than before: asks all clients to reconnect and load their state, spread over `drainMs`. */
  reconnectAll(): void;
  /** Accepts no further connections and asks clients to reconnect elsewhere, spread over `drainMs`. */
  drain(): Promise<void>;
  /** Closes all connections and stops. */
  stop(): Promise<void>;
}

/** Makes a gateway; nothing listens until it is attached to a server. */
export function createGateway(deps: GatewayDeps): Gateway {
  const components = createGatewayComponents(deps);
  const { config, hub, connections, inspection, survey } = components;
  const { bus } = deps;
  receiveFromBus(components);
  const stopPeriodicWork = startPeriodicWork(components);

  return {
    attach(server) {
      components.servers.add(server);
      server.on('upgrade', connections.onUpgrade);
    },
    publish: (messages) => bus.publish(messages),
    catchUp: (partitions) => bus.catchUp(partitions),
    reached: () => bus.reached(),
    authorizeSubscription: (principal, socketId, channelName, app) =>
      authorizeSubscription(
        { ...deps, rejections: components.rejections },
        { principal, socketId, channelName, app },
      ),
    authorizeUser,
    watch(grant) {
      if (!watchOwnGrant(components, grant)) void bus.publish([{ appId: grant.appId, grant }]);
    },
    api: createTopicApi(bus, config),
    inspection,
    inspect: () => ({ connections: connections.sockets.size, topics: [...hub.topics()] }),
    nodes: () => survey.ask(),
    tap: (appId, channel, tap, onEnd) => openTap(components, appId, channel, tap, onEnd),
    reconnectAll() {
      deps.history.forget();
      bus.forgetPositions();
      hub.forgetDelivered();
      void disconnectGradually([...connections.sockets.values()], config.drainMs);
    },
    async drain() {
      connections.stopAccepting();
      for (const end of components.taps) end();
      await disconnectGradually([...connections.sockets.values()], config.drainMs);
    },
    async stop() {
      stopPeriodicWork();
      await stopComponents(components);
    },
  };
}

async function openTap(
  { hub, taps }: GatewayComponents,
  appId: number,
  channel: PusherChannel,
  tap: Tap,
  onEnd: () => void,
): Promise<() => void> {
  taps.add(onEnd);
  const close = await hub.tap(appId, channel, tap);
  return () => {
    taps.delete(onEnd);
    close();
  };
}

async function stopComponents({
  grants,
  servers,
  connections,
  watch,
  sender,
}: GatewayComponents): Promise<void> {
  await grants.stop();
  for (const server of servers) server.off('upgrade', connections.onUpgrade);
  await connections.closeAll(goingAway);
  await watch.stop();
  await sender.stop();
}

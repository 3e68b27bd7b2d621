import type { GatewayConnection, GatewayTopic, Page } from '@mevrik/protocol';
import type { AppState } from '../bus/node-state.ts';
import type { Traffic } from '../bus/rate-meter.ts';
import type { ClientSocket } from '../sockets/client-socket.ts';
import type { Hub } from '../sockets/hub.ts';

/** Which page of a list. */
export interface InspectionQuery {
  /** The apps that the caller may see; `null` for all. */
  readonly appIds: readonly number[] | null;
  readonly prefix?: string | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
}

/** The topics and connections of this node. */
export interface GatewayInspection {
  state(): readonly AppState[];
  topics(query: InspectionQuery): Page<GatewayTopic>;
  connections(query: InspectionQuery): Page<GatewayConnection>;
}

/** Makes the inspection of a gateway; each call walks all connections, so it is not for hot paths. */
export function createGatewayInspection(parts: {
  readonly hub: Hub;
  readonly traffic: Traffic;
  readonly sockets: ReadonlyMap<string, ClientSocket>;
}): GatewayInspection {
  const { hub, traffic, sockets } = parts;
  return {
    state() {
      const known = new Map([...traffic.apps()].map(([appId]) => [appId, { ...nothing }]));
      const of = (appId: number) => {
        const counts = known.get(appId) ?? { ...nothing };
        known.set(appId, counts);
        return counts;
      };
      for (const socket of sockets.values()) {
        const counts = of(socket.app.id);
        counts.connections += 1;
        counts.bufferedBytes += socket.bufferedBytes;
        counts.maxBufferedBytes = Math.max(counts.maxBufferedBytes, socket.bufferedBytes);
      }
      for (const { appId, kind, subscribers } of hub.topics()) {
        const counts = of(appId);
        counts.topics += 1;
        counts.subscriptions += subscribers;
        if (kind === 'presence') counts.members += subscribers;
      }
      return [...known].map(([appId, counts]) => {
        const { sent, received, cutOff, webhooks } = traffic.of(appId);
        return {
          appId,
          ...counts,
          sent: sent.read(),
          received: received.read(),
          cutOff,
          webhooks: { ...webhooks },
        };
      });
    },
    topics: ({ prefix = '', ...query }) =>
      page(hub.topics(), query, ({ name }) => (name.startsWith(prefix) ? name : undefined)),
    connections: (query) => page([...sockets.values()].map(stateOf), query, ({ socketId }) => socketId),
  };
}

const nothing = {
  connections: 0,
  topics: 0,
  subscriptions: 0,
  members: 0,
  bufferedBytes: 0,
  maxBufferedBytes: 0,
};

function stateOf(socket: ClientSocket): GatewayConnection {
  return {
    socketId: socket.id,
    appId: socket.app.id,
    userId: socket.user?.id ?? null,
    topics: [...socket.channels.keys()],
    bufferedBytes: socket.bufferedBytes,
  };
}

/** `keyOf` returns the sort key of an item, or `undefined` to leave it out. */
function page<Item extends { readonly appId: number }>(
  all: Iterable<Item>,
  { appIds, after = '', limit }: InspectionQuery,
  keyOf: (item: Item) => string | undefined,
): Page<Item> {
  const found: [key: string, item: Item][] = [];
  for (const item of all) {
    if (appIds !== null && !appIds.includes(item.appId)) continue;
    const name = keyOf(item);
    if (name === undefined) continue;
    const key = `${name} ${item.appId}`;
    if (key > after) found.push([key, item]);
  }
  found.sort(([a], [b]) => (a < b ? -1 : 1));
  const shown = found.slice(0, limit);
  return {
    items: shown.map(([, item]) => item),
    next: found.length > limit ? (shown.at(-1)?.[0] ?? null) : null,
  };
}

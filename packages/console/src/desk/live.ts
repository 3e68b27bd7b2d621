import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useRef, useState } from 'react';
import { session, token } from '../session/session.ts';
import {
  type Client,
  type ConnectionState,
  createClient,
  type Message,
  type QueueItem,
  type StaffApp,
  type SubscriptionHandle,
  type Topic,
} from '../shared/sdk.ts';
import { cacheDeliveryStatus, cacheMessage } from './conversation/message-cache.ts';
import { keys } from './keys.ts';
import { refreshLists, refreshMessages } from './refresh.ts';

/** The live connections of the desk: one for each of the agent's apps. */
export interface Live {
  clientOf(appId: number): Client | undefined;
  /** The worst state of all connections. */
  readonly state: ConnectionState;
}

/** Provides the live connections to the screens. */
export const LiveContext = createContext<Live>({ clientOf: () => undefined, state: 'connecting' });

/** The desk's live connections. */
export const useLive = (): Live => useContext(LiveContext);

const severity: Record<ConnectionState, number> = {
  connected: 0,
  connecting: 1,
  waiting: 2,
  offline: 3,
  closed: 4,
};

/** Callbacks for live events that may alert the agent. */
export interface LiveListener {
  onMessage(message: Message): void;
  onQueued(item: QueueItem): void;
}

/** Connects, applies live events to the query cache, and reloads whatever was missed. */
export function useLiveConnections(
  apps: readonly StaffApp[],
  agentId: number,
  listeners: LiveListener,
): Live {
  const listener = useRef(listeners);
  listener.current = listeners;
  const queries = useQueryClient();
  const [clients, setClients] = useState<ReadonlyMap<number, Client>>(new Map());
  // Only ids and keys matter: other changes of apps must not reconnect.
  const addresses = apps.map(({ id, key }) => `${id} ${key}`).join('\n');
  const [states, setStates] = useState<Readonly<Record<number, ConnectionState>>>({});

  useEffect(() => {
    const made = new Map<number, Client>();
    const refresh = createThrottledRefresh(queries);
    let soon: ReturnType<typeof setTimeout> | undefined;
    const refetchAllSoon = () => {
      clearTimeout(soon);
      soon = setTimeout(() => refetchAll(queries), 100);
    };
    for (const address of addresses.split('\n')) {
      const [number, key = ''] = address.split(' ');
      const id = Number(number);
      const client = createClient({ url: location.origin, appKey: key, token });
      made.set(id, client);
      client.onState((state) => setStates((before) => ({ ...before, [id]: state })));
      for (const topic of ['agentlive', 'agentbot', 'queues', 'sessions', `agent${agentId}`] as const) {
        const subscription = client.subscribe(topic);
        subscription.when('load', refetchAllSoon);
        subscribeToConversations(subscription, queries, listener, refresh);
      }
      // Changed in another tab, or by the server while no desk was open.
      client.subscribe(`agent${agentId}`).on('availability_changed', ({ agent }) => session.update(agent));
      const health = client.subscribe(`queues-app-${id}`);
      health.on('channel_health', () => void queries.invalidateQueries({ queryKey: keys.apps }));
      // Notices are not replayed after a cut, so reload on every (re)subscription.
      health.when('subscribed', refetchAllSoon);
    }
    setClients(made);
    return () => {
      clearTimeout(soon);
      for (const client of made.values()) client.disconnect();
    };
  }, [addresses, agentId, queries]);

  const all = apps.map(({ id }) => states[id] ?? 'connecting');
  const state = all.reduce<ConnectionState>(
    (worst, one) => (severity[one] > severity[worst] ? one : worst),
    'connected',
  );
  return { clientOf: (appId) => clients.get(appId), state };
}

/** Applies the events of all conversations. */
function subscribeToConversations(
  subscription: SubscriptionHandle<Exclude<Topic, 'messages'>>,
  queries: QueryClient,
  listener: { readonly current: LiveListener },
  refresh: (sessionId: number) => void,
): void {
  const onMessage = ({ message }: { readonly message: Message }) => {
    cacheMessage(queries, message);
    listener.current.onMessage(message);
    refresh(message.sessionId);
  };
  subscription.on('message_post', onMessage);
  subscription.on('message_reply', onMessage);
  subscription.on('note_added', ({ message }) => cacheMessage(queries, message));
  subscription.on('message_changed', ({ message }) => cacheMessage(queries, message));
  subscription.on('message_failed', ({ note, messageId, sessionId }) => {
    cacheMessage(queries, note);
    cacheDeliveryStatus(queries, { messageId, sessionId, status: 'failed' });
    refresh(sessionId);
  });
  subscription.on('message_read', ({ sessionId }) => refresh(sessionId));
  subscription.on('queue_created', ({ queueItem }) => {
    listener.current.onQueued(queueItem);
    refresh(queueItem.sessionId);
  });
  subscription.on('case_created', (data) => refresh(data.case.sessionId));
  subscription.on('case_closed', (data) => refresh(data.case.sessionId));
  subscription.on('session_created', ({ session }) => refresh(session.id));
  subscription.on('session_path_changed', ({ session }) => refresh(session.id));
  subscription.on('post_fetched', ({ sessionId }) => refresh(sessionId));
  subscription.on('customer_changed', ({ customerId, otherId }) => {
    for (const id of [customerId, otherId ?? customerId])
      void queries.invalidateQueries({ queryKey: keys.customer(id) });
    void queries.invalidateQueries({ queryKey: ['conversation'] });
    void queries.invalidateQueries({ queryKey: keys.conversations });
  });
}

/** Reloads everything shown; of long lists only the new part. */
function refetchAll(queries: QueryClient): void {
  refreshLists(queries, new Set());
  refreshMessages(queries);
  void queries.invalidateQueries({
    predicate: ({ queryKey: [first] }) => first !== keys.conversations[0] && first !== keys.allMessages[0],
  });
}

/** Batches refreshes of changed conversations: one every 400 ms at most. */
function createThrottledRefresh(queries: QueryClient): (sessionId: number) => void {
  const changed = new Set<number>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  return (sessionId) => {
    changed.add(sessionId);
    if (timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      refreshLists(queries, new Set(changed));
      for (const id of changed) void queries.invalidateQueries({ queryKey: keys.row(id) });
      changed.clear();
    }, 400);
  };
}

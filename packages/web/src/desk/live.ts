import { type InfiniteData, type QueryClient, useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useRef, useState } from 'react';
import { token } from '../session/session.ts';
import {
  type Client,
  type ConnectionState,
  type ConversationRow,
  createClient,
  type Message,
  type Page,
  type QueueItem,
  type StaffApp,
} from '../shared/sdk.ts';
import { refreshLists } from './refresh-lists.ts';

/** The connections of the desk: one for each app that the agent works for. */
export interface Live {
  clientOf(appId: number): Client | undefined;
  /** Of the worst of them. */
  readonly state: ConnectionState;
}

/** Where screens find the connections. */
export const LiveContext = createContext<Live>({ clientOf: () => undefined, state: 'connecting' });

/** The connections of the desk. */
export const useLive = (): Live => useContext(LiveContext);

/** What is kept of conversations. */
export const keys = {
  conversations: ['conversations'] as const,
  list: (filter: Readonly<Record<string, unknown>>) => ['conversations', filter] as const,
  row: (sessionId: number) => ['conversation', sessionId] as const,
  thread: (sessionId: number) => ['thread', sessionId] as const,
  customer: (customerId: number) => ['customer', customerId] as const,
  canned: (appId: number) => ['canned replies', appId] as const,
};

/** A conversation's messages, page by page, newest first. */
export type Thread = InfiniteData<Page<Message>>;

const calls: Record<ConnectionState, number> = {
  connected: 0,
  connecting: 1,
  waiting: 2,
  offline: 3,
  closed: 4,
};

/** Who is told of what comes. */
export interface LiveListener {
  onMessage(message: Message): void;
  onQueued(item: QueueItem): void;
}

/** Connects, and takes what comes into what is shown; what was missed for good is loaded again. */
export function useLiveConnections(apps: readonly StaffApp[], agentId: number, told: LiveListener): Live {
  const listener = useRef(told);
  listener.current = told;
  const queries = useQueryClient();
  const [clients, setClients] = useState<ReadonlyMap<number, Client>>(new Map());
  // What else is known of apps may change without a connection being made again.
  const addresses = apps.map(({ id, key }) => `${id} ${key}`).join('\n');
  const [states, setStates] = useState<Readonly<Record<number, ConnectionState>>>({});

  useEffect(() => {
    const made = new Map<number, Client>();
    const refresh = refresher(queries);
    const standing: Promise<void>[] = [];
    for (const address of addresses.split('\n')) {
      const [number, key = ''] = address.split(' ');
      const id = Number(number);
      const client = createClient({ url: location.origin, appKey: key, token });
      made.set(id, client);
      client.onState((state) => setStates((before) => ({ ...before, [id]: state })));
      for (const topic of ['agentlive', 'agentbot', 'queues', 'sessions', `agent${agentId}`] as const) {
        const channel = client.subscribe(topic);
        channel.when('reload', () => void queries.invalidateQueries());
        standing.push(channel.ready().catch(() => {}));
        const taken = ({ message }: { readonly message: Message }) => {
          takeMessage(queries, message);
          listener.current.onMessage(message);
          refresh(message.sessionId);
        };
        channel.on('message_post', taken);
        channel.on('message_reply', taken);
        channel.on('note_added', ({ message }) => takeMessage(queries, message));
        channel.on('message_changed', ({ message }) => takeMessage(queries, message));
        channel.on('message_failed', ({ note }) => {
          takeMessage(queries, note);
          void queries.invalidateQueries({ queryKey: keys.thread(note.sessionId) });
        });
        channel.on('message_status', ({ sessionId, messageId, status }) => {
          patchMessage(queries, sessionId, messageId, status === 'queued' ? 'pending' : status);
        });
        channel.on('queue_created', ({ queueItem }) => {
          listener.current.onQueued(queueItem);
          refresh(queueItem.sessionId);
        });
        channel.on('case_created', (data) => refresh(data.case.sessionId));
        channel.on('case_closed', (data) => refresh(data.case.sessionId));
        channel.on('session_created', ({ session }) => refresh(session.id));
        channel.on('session_path_changed', ({ session }) => refresh(session.id));
        channel.on('post_fetched', ({ sessionId }) => refresh(sessionId));
        channel.on('channel_health', () => void queries.invalidateQueries({ queryKey: ['apps'] }));
        channel.on('customer_changed', ({ customerId, otherId }) => {
          for (const id of [customerId, otherId ?? customerId])
            void queries.invalidateQueries({ queryKey: keys.customer(id) });
          void queries.invalidateQueries({ queryKey: ['conversation'] });
          void queries.invalidateQueries({ queryKey: keys.conversations });
        });
      }
    }
    // What happened between the first look and the first word heard.
    void Promise.all(standing).then(() => queries.invalidateQueries({ queryKey: keys.conversations }));
    setClients(made);
    return () => {
      for (const client of made.values()) client.disconnect();
    };
  }, [addresses, agentId, queries]);

  const all = apps.map(({ id }) => states[id] ?? 'connecting');
  const state = all.reduce<ConnectionState>(
    (worst, one) => (calls[one] > calls[worst] ? one : worst),
    'connected',
  );
  return { clientOf: (appId) => clients.get(appId), state };
}

/** Loads lists and conversations again that have changed: however much happens, not more than twice a second. */
function refresher(queries: QueryClient): (sessionId: number) => void {
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

/** Puts a message where it belongs, once, however often it comes. */
export function takeMessage(queries: QueryClient, message: Message): void {
  queries.setQueriesData<Thread>({ queryKey: ['thread'] }, (thread) => {
    const [first, ...older] = thread?.pages ?? [];
    if (!thread || !first) return thread;
    if (
      thread.pages.every(({ items }) => items.every((one) => one.conversationKey !== message.conversationKey))
    ) {
      return thread;
    }
    if (thread.pages.some(({ items }) => items.some(({ id }) => id === message.id))) {
      const pages = thread.pages.map((page) => ({
        ...page,
        items: page.items.map((one) => (one.id === message.id ? message : one)),
      }));
      return { ...thread, pages };
    }
    const items = [message, ...first.items].sort((a, b) => b.id - a.id);
    return { ...thread, pages: [{ ...first, items }, ...older] };
  });
  queries.setQueriesData<InfiniteData<Page<ConversationRow>>>({ queryKey: keys.conversations }, (list) => {
    if (!list || message.kind === 'note' || message.kind === 'system') return list;
    const { id, kind, sender, content, createdAt } = message;
    const pages = list.pages.map((page) => ({
      ...page,
      items: page.items.map((row) =>
        row.session.id === message.sessionId && (row.lastMessage?.id ?? 0) < id
          ? {
              ...row,
              lastMessage: { id, kind, sender, content, createdAt },
              lastActivityAt: createdAt,
              unread: row.unread + (message.isReply ? 0 : 1),
            }
          : row,
      ),
    }));
    return { ...list, pages };
  });
}

function patchMessage(
  queries: QueryClient,
  sessionId: number,
  messageId: number,
  deliveryStatus: Message['deliveryStatus'],
): void {
  queries.setQueryData<Thread>(
    keys.thread(sessionId),
    (thread) =>
      thread && {
        ...thread,
        pages: thread.pages.map((page) => ({
          ...page,
          items: page.items.map((one) => (one.id === messageId ? { ...one, deliveryStatus } : one)),
        })),
      },
  );
}

/** The customer has read everything up to this message. */
export function markRead(queries: QueryClient, sessionId: number, messageId: number): void {
  queries.setQueryData<Thread>(
    keys.thread(sessionId),
    (thread) =>
      thread && {
        ...thread,
        pages: thread.pages.map((page) => ({
          ...page,
          items: page.items.map((one) =>
            one.id <= messageId &&
            one.isReply &&
            ['pending', 'sent', 'delivered'].includes(one.deliveryStatus)
              ? { ...one, deliveryStatus: 'read' as const }
              : one,
          ),
        })),
      },
  );
}

/** A conversation as some list that was loaded has it. */
export function knownRow(queries: QueryClient, sessionId: number): ConversationRow | undefined {
  const lists = queries.getQueriesData<InfiniteData<Page<ConversationRow>>>({ queryKey: keys.conversations });
  for (const [, list] of lists) {
    for (const page of list?.pages ?? []) {
      const row = page.items.find(({ session }) => session.id === sessionId);
      if (row) return row;
    }
  }
  return undefined;
}

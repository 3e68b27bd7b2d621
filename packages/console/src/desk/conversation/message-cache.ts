import type { QueryClient } from '@tanstack/react-query';
import type { ConversationRow, Message } from '../../shared/sdk.ts';
import { type ConversationPages, keys, type MessagePages } from '../keys.ts';

type Status = Message['deliveryStatus'];

/** Adds a message to every cached conversation and list it belongs to, once. */
export function cacheMessage(queries: QueryClient, message: Message): void {
  for (const [key, thread] of queries.getQueriesData<MessagePages>({ queryKey: keys.allMessages })) {
    if (thread && isOf(thread, Number(key[1]), message))
      queries.setQueryData<MessagePages>(key, withMessage(thread, message));
  }
  if (message.kind === 'note' || message.kind === 'system') return;
  const { id, kind, sender, content, createdAt } = message;
  changeRows(queries, (row) =>
    row.session.id === message.sessionId && (row.lastMessage?.id ?? 0) < id
      ? {
          ...row,
          lastMessage: { id, kind, sender, content, createdAt },
          lastActivityAt: createdAt,
          unread: row.unread + (message.isReply ? 0 : 1),
        }
      : row,
  );
}

/** A cached entry spans all sessions of a conversation; an empty one is matched by its session. */
function isOf({ pages }: MessagePages, sessionId: number, message: Message): boolean {
  const [any] = pages[0]?.items ?? [];
  return any ? any.conversationKey === message.conversationKey : sessionId === message.sessionId;
}

function withMessage(thread: MessagePages, message: Message): MessagePages {
  const [first, ...older] = thread.pages;
  if (!first) return thread;
  if (thread.pages.some(({ items }) => items.some(({ id }) => id === message.id))) {
    return changeMessages(thread, (one) => (one.id === message.id ? newer(one, message) : one));
  }
  // Usually the newest, so search from the front.
  const at = first.items.findIndex(({ id }) => id < message.id);
  const items = first.items.toSpliced(at < 0 ? first.items.length : at, 0, message);
  return { ...thread, pages: [{ ...first, items }, ...older] };
}

/**
 * A response or broadcast may be older than the cached delivery status, which never moves back. In particular, the
 * response that stored a reply may arrive after the notice that its delivery failed.
 */
function newer(known: Message, received: Message): Message {
  const { deliveryStatus } = known;
  const isOlder =
    received.deliveryStatus === 'pending' || !canAdvance(deliveryStatus, received.deliveryStatus);
  return isOlder ? { ...received, deliveryStatus } : received;
}

/** Maps cached messages, keeping the identity of unchanged pages. */
function changeMessages(thread: MessagePages, change: (message: Message) => Message): MessagePages {
  let isChanged = false;
  const pages = thread.pages.map((page) => {
    const items = page.items.map(change);
    if (items.every((item, at) => item === page.items[at])) return page;
    isChanged = true;
    return { ...page, items };
  });
  return isChanged ? { ...thread, pages } : thread;
}

function changeRows(queries: QueryClient, change: (row: ConversationRow) => ConversationRow): void {
  queries.setQueriesData<ConversationPages>({ queryKey: keys.conversations }, (list) => {
    let isChanged = false;
    const pages = list?.pages.map((page) => {
      const items = page.items.map(change);
      if (items.every((item, at) => item === page.items[at])) return page;
      isChanged = true;
      return { ...page, items };
    });
    return list && pages && isChanged ? { ...list, pages } : list;
  });
}

/** Updates a reply's delivery status; late notices never move it back. Only `queued` restarts a failed one: a retry. */
export function cacheDeliveryStatus(
  queries: QueryClient,
  of: { readonly sessionId: number; readonly messageId: number; readonly status: Status | 'queued' },
): void {
  const next: Status = of.status === 'queued' ? 'pending' : of.status;
  queries.setQueryData<MessagePages>(
    keys.messages(of.sessionId),
    (thread) =>
      thread &&
      changeMessages(thread, (one) =>
        one.id === of.messageId && one.deliveryStatus !== next && canAdvance(one.deliveryStatus, next)
          ? { ...one, deliveryStatus: next }
          : one,
      ),
  );
}

const statusOrder: readonly Status[] = ['pending', 'sent', 'delivered', 'read'];

function canAdvance(status: Status, next: Status): boolean {
  return next === 'failed' || status === 'failed' || statusOrder.indexOf(next) > statusOrder.indexOf(status);
}

/** Marks replies up to this message as read by the customer. */
export function cacheReadReceipt(queries: QueryClient, sessionId: number, messageId: number): void {
  queries.setQueryData<MessagePages>(
    keys.messages(sessionId),
    (thread) =>
      thread &&
      changeMessages(thread, (one) =>
        one.id <= messageId && one.isReply && ['pending', 'sent', 'delivered'].includes(one.deliveryStatus)
          ? { ...one, deliveryStatus: 'read' }
          : one,
      ),
  );
}

/** A conversation's row from any cached list. */
export function cachedRow(queries: QueryClient, sessionId: number): ConversationRow | undefined {
  for (const [, list] of queries.getQueriesData<ConversationPages>({ queryKey: keys.conversations })) {
    for (const page of list?.pages ?? []) {
      const row = page.items.find(({ session }) => session.id === sessionId);
      if (row) return row;
    }
  }
  return undefined;
}

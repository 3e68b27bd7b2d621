import type { Query, QueryClient } from '@tanstack/react-query';
import { api, session } from '../session/session.ts';
import type { ConversationRow } from '../shared/sdk.ts';
import { type ConversationPages, keys, type MessagePages } from './keys.ts';
import type { DeskFilter } from './list/desk-filter.ts';

/** Longer lists are refreshed in part: reloading every page on every message is too expensive. */
const mostPages = 3;

/**
 * Refreshes conversation lists after these sessions changed. Short lists are reloaded in full; of long lists, the first
 * page and the changed rows.
 */
export function refreshLists(queries: QueryClient, changed: ReadonlySet<number>): void {
  for (const query of queries.getQueryCache().findAll({ queryKey: keys.conversations })) {
    const list = queries.getQueryData<ConversationPages>(query.queryKey);
    if (!list || list.pages.length <= mostPages || !query.isActive()) {
      void queries.invalidateQueries({ queryKey: query.queryKey, exact: true });
    } else {
      // The next change retries the refresh.
      refreshFirstPage(queries, query, changed).catch(() => {});
    }
  }
}

async function refreshFirstPage(
  queries: QueryClient,
  { queryKey }: Query,
  changed: ReadonlySet<number>,
): Promise<void> {
  const filter = queryKey[1] as DeskFilter & { readonly search?: string };
  const [first, ...others] = queries.getQueryData<ConversationPages>(queryKey)?.pages ?? [];
  const limit = first?.items.length ?? 0;
  const fresh = await api.rest.desk.conversations({ ...filter, limit: Math.max(1, limit) });
  const isFresh = new Set(fresh.items.map((row) => row.session.id));
  const deeper = others.flatMap(({ items }) => items.map((row) => row.session.id));
  const looked = await Promise.all(
    deeper
      .filter((id) => changed.has(id) && !isFresh.has(id))
      .map(async (id) => [id, await api.rest.desk.conversation(id)] as const),
  );
  const rows = new Map(looked);
  queries.setQueryData<ConversationPages>(queryKey, (list) => {
    const pages = (list?.pages.slice(1) ?? []).map((page) => ({
      ...page,
      items: page.items.flatMap((row) => {
        const now = rows.get(row.session.id) ?? row;
        return isFresh.has(row.session.id) || !belongs(now, filter) ? [] : [now];
      }),
    }));
    // Later pages keep their cursors: a row that moved between pages is still in one of them.
    return list && { ...list, pages: [{ ...fresh, next: first?.next ?? null }, ...pages] };
  });
}

/** Whether a conversation still matches the list's filter. */
function belongs(row: ConversationRow, { view }: DeskFilter): boolean {
  const { status, assignedAgentId, openCaseId } = row.session;
  if (status !== 'active') return false;
  if (view === 'queue') return row.queueItem?.status === 'waiting';
  return view === 'all' || (assignedAgentId === session.agent?.id && openCaseId !== null);
}

/**
 * Refreshes the cached messages. Of a conversation with several loaded pages only the newest page is reloaded; if it
 * does not overlap the cached messages, the older pages are dropped and loaded again on demand.
 */
export function refreshMessages(queries: QueryClient): void {
  for (const query of queries.getQueryCache().findAll({ queryKey: keys.allMessages })) {
    const thread = queries.getQueryData<MessagePages>(query.queryKey);
    if (!thread || thread.pages.length <= 1 || !query.isActive())
      void queries.invalidateQueries({ queryKey: query.queryKey, exact: true });
    // The next change retries the refresh.
    else refreshNewestPage(queries, query).catch(() => {});
  }
}

async function refreshNewestPage(queries: QueryClient, { queryKey }: Query): Promise<void> {
  const fresh = await api.rest.desk.sessionMessages(Number(queryKey[1]), { limit: 100 });
  const oldest = fresh.items.at(-1)?.id ?? 0;
  queries.setQueryData<MessagePages>(queryKey, (thread) => {
    const [first, ...older] = thread?.pages ?? [];
    if (!thread || !first) return thread;
    const isJoined = first.items.some(({ id }) => id >= oldest);
    if (!isJoined) return { pages: [fresh], pageParams: thread.pageParams.slice(0, 1) };
    const rest = first.items.filter(({ id }) => id < oldest);
    return { ...thread, pages: [{ ...first, items: [...fresh.items, ...rest] }, ...older] };
  });
}

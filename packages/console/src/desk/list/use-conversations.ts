import { api } from '../../session/session.ts';
import { usePages } from '../../shared/use-pages.ts';
import { keys } from '../keys.ts';
import type { DeskFilter } from './desk-filter.ts';

/** The conversations of a list, loaded page by page. */
export function useConversations(filter: DeskFilter, search = '') {
  const asked = { ...filter, ...(search === '' ? {} : { search }) };
  return usePages({
    queryKey: keys.list(asked),
    load: (start) =>
      api.rest.desk.conversations({
        ...asked,
        limit: 50,
        ...start,
      }),
  });
}

/** Counts of waiting and of unread conversations, for the tabs and the page title. */
export function useCounts() {
  const waiting = useConversations({ view: 'queue' });
  const mine = useConversations({ view: 'mine' });
  const rowsOf = (list: typeof waiting) => list.data?.pages.flatMap(({ items }) => items) ?? [];
  return {
    waiting: rowsOf(waiting).length,
    hasMoreWaiting: waiting.hasNextPage,
    unread: rowsOf(mine).filter(({ unread }) => unread > 0).length,
  };
}

import { useInfiniteQuery } from '@tanstack/react-query';
import { api } from '../../session/session.ts';
import { keys } from '../keys.ts';
import type { DeskFilter } from './desk-filter.ts';

/** The conversations of a list, as far as one has scrolled. */
export function useConversations(filter: DeskFilter, search = '') {
  const asked = { ...filter, ...(search === '' ? {} : { search }) };
  return useInfiniteQuery({
    queryKey: keys.list(asked),
    queryFn: ({ pageParam }) =>
      api.rest.desk.conversations({
        ...asked,
        limit: 50,
        ...(pageParam === undefined ? {} : { cursor: pageParam }),
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
  });
}

/** How many wait, and in how many conversations of mine something is unread: for the lists' heads and the page's title. */
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

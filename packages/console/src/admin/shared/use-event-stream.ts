import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { type EventFilter, queryOf } from '../events/event-filter.ts';

/** Events counted while the list stands still; more are `99+`. */
const countedAtMost = 100;

/**
 * The events that fit, newest first, as they come; or standing still, with a count of what has come since. The panel
 * looks again at either whenever the log has moved on.
 */
export function useEventStream(filter: EventFilter) {
  const shown = JSON.stringify(filter);
  /** What stands still, and its newest event; '' where there was none. Another filter goes on by itself. */
  const [paused, setPaused] = useState<{ readonly shown: string; readonly newest: string }>();
  const isPaused = paused?.shown === shown;
  const query = queryOf(filter);
  const list = useInfiniteQuery({
    queryKey: ['events', filter],
    queryFn: ({ pageParam }) =>
      api.rest.admin.events({
        ...query,
        limit: 50,
        ...(pageParam === undefined ? {} : { cursor: pageParam }),
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    enabled: !isPaused,
  });
  const since = useQuery({
    queryKey: ['events', 'since', paused?.newest, filter],
    queryFn: () =>
      api.rest.admin.events({
        ...query,
        limit: countedAtMost,
        ...(paused?.newest ? { after: paused.newest } : {}),
      }),
    enabled: isPaused,
  });
  const events = list.data?.pages.flatMap(({ items }) => items) ?? [];
  const missed = since.data?.items.length ?? 0;
  return {
    list,
    events,
    /** How far back was looked, where less than a page was found. */
    searchedTo: list.data?.pages.at(-1)?.searchedTo ?? null,
    isPaused,
    /** What came while the list stood still. */
    missed: missed >= countedAtMost ? `${countedAtMost - 1}+` : String(missed),
    pause: () => setPaused({ shown, newest: events[0]?.id ?? '' }),
    resume: () => setPaused(undefined),
  };
}

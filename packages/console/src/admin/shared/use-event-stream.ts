import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { usePages } from '../../shared/use-pages.ts';
import { type EventLogFilter, queryOf } from '../events/event-filter.ts';

/** The largest number of new events counted while the list is paused; more are shown as `99+`. */
const countLimit = 100;

/** The events that match a filter, newest first, updated live; when paused, a count of newer events instead. */
export function useEventStream(filter: EventLogFilter) {
  const shown = JSON.stringify(filter);
  /** The paused filter, and the position of the log that is shown. Changing the filter resumes the stream. */
  const [paused, setPaused] = useState<{ readonly shown: string; readonly position: string | null }>();
  const isPaused = paused?.shown === shown;
  const query = queryOf(filter);
  const list = usePages({
    queryKey: ['events', filter],
    meta: { live: ['activity'] },
    load: (start) =>
      api.rest.admin.events({
        ...query,
        limit: 50,
        ...start,
      }),
    enabled: !isPaused,
  });
  const since = useQuery({
    queryKey: ['events', 'since', paused?.position, filter],
    meta: { live: ['activity'] },
    queryFn: () =>
      api.rest.admin.events({
        ...query,
        limit: countLimit,
        ...(paused?.position ? { after: paused.position } : {}),
      }),
    enabled: isPaused,
  });
  const events = list.data?.pages.flatMap(({ items }) => items) ?? [];
  const missed = since.data?.items.length ?? 0;
  return {
    list,
    events,
    /** How far back the search went, when it found less than a page. */
    searchedTo: list.data?.pages.at(-1)?.searchedTo ?? null,
    isPaused,
    /** The number of events since the pause, as text. */
    missed: missed >= countLimit ? `${countLimit - 1}+` : String(missed),
    pause: () => setPaused({ shown, position: list.data?.pages[0]?.position ?? null }),
    resume: () => setPaused(undefined),
  };
}

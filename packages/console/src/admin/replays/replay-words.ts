import type { EventStory, Replay, ReplayEntryState } from '@mevrik/protocol';
import { listOf } from '../../shared/search-params.ts';
import { exactTime } from '../../shared/time.tsx';
import { readReplaySearch } from './replay-search.ts';

/** The label of each result of a replayed event. */
export const entryWords = {
  waiting: 'Pending',
  done: 'Done',
  skipped: 'Not applicable',
  dead: 'Failed',
  cancelled: 'Stopped',
} as const satisfies Record<ReplayEntryState, string>;

/** The color of each result. */
export const entryColors = {
  waiting: 'blue',
  done: 'teal',
  skipped: 'gray',
  dead: 'red',
  cancelled: 'gray',
} as const satisfies Record<ReplayEntryState, string>;

/** The latest replay of an event at each listener, if it failed. */
export function failedReplays(replays: EventStory['replays']): EventStory['replays'] {
  const last = new Map(replays.map((one) => [one.listener, one]));
  return [...last.values()].filter(({ status }) => status === 'dead');
}

/** The filter of a replay in words. */
export function filterInWords(filter: Replay['filter']): string {
  const { eventId, types, appId, key, from, until } = readReplaySearch(filter);
  return [
    eventId ? 'one event' : types ? listOf(types).join(', ') : 'all event types',
    key && `in ${key}`,
    appId && `in app ${appId}`,
    from && `from ${exactTime(from)}`,
    until && `until ${exactTime(until)}`,
  ]
    .filter(Boolean)
    .join(' ');
}

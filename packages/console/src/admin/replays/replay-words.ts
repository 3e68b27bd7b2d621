import type { EventStory, Replay, ReplayEntryState, ReplayFilter, ReplayRequest } from '@mevrik/protocol';
import { exactTime } from '../../shared/time.tsx';

/** The search parameters of the replay page: the events and the listeners that handle them again. */
export interface ReplaySearch {
  readonly eventId?: string;
  /** Event types, separated by commas. */
  readonly types?: string;
  readonly appId?: string;
  readonly key?: string;
  readonly from?: string;
  readonly until?: string;
  /** Names of listeners, separated by commas. */
  readonly listeners?: string;
}

/** The request for the search parameters of the page. */
export function requestOf(search: ReplaySearch): ReplayRequest {
  const { eventId, types, appId, key, from, until, listeners } = search;
  return {
    listeners: listOf(listeners),
    filter: {
      ...(eventId ? { eventId } : {}),
      ...(types ? { types: listOf(types) as NonNullable<ReplayFilter['types']> } : {}),
      ...(appId ? { appId: Number(appId) } : {}),
      ...(key ? { key } : {}),
      ...(from ? { from: new Date(from).toISOString() } : {}),
      ...(until ? { until: new Date(until).toISOString() } : {}),
    },
  };
}

/** The search parameters that repeat a replay. */
export function searchOf({ filter, listeners }: Pick<Replay, 'filter' | 'listeners'>): ReplaySearch {
  const { types, appId, ...rest } = filter as ReplayFilter;
  return {
    ...rest,
    ...(types ? { types: types.join(',') } : {}),
    ...(appId ? { appId: String(appId) } : {}),
    listeners: listeners.join(','),
  };
}

/** The label of each result of a replayed event. */
export const entryWords = {
  waiting: 'Pending',
  done: 'Done',
  skipped: 'Not applicable',
  dead: 'Failed',
  cancelled: 'Cancelled',
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

/** The names in a comma-separated list. */
export function listOf(text: string | undefined): string[] {
  return (text ?? '').split(',').filter((name) => name !== '');
}

/** The filter of a replay in words. */
export function filterInWords(filter: Replay['filter']): string {
  const { eventId, types, appId, key, from, until } = filter as ReplayFilter;
  return [
    eventId ? 'one event' : types ? types.join(', ') : 'all event types',
    key && `in ${key}`,
    appId && `in app ${appId}`,
    from && `from ${exactTime(from)}`,
    until && `until ${exactTime(until)}`,
  ]
    .filter(Boolean)
    .join(' ');
}

/** An instant as the value of a `datetime-local` input: local time, to the minute. */
export function localTime(instant: string | undefined): string {
  if (!instant || Number.isNaN(Date.parse(instant))) return '';
  const date = new Date(instant);
  const pad = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day}T${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

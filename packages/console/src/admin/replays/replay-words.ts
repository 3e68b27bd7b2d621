import type { EventStory, Replay, ReplayEntryState, ReplayFilter, ReplayRequest } from '@mevrik/protocol';
import { exactTime } from '../../shared/time.tsx';

/** What stands in the address of the replay page: which events, and who handles them again. */
export interface ReplaySearch {
  readonly eventId?: string;
  /** Kinds of event, separated by commas. */
  readonly types?: string;
  readonly appId?: string;
  readonly key?: string;
  readonly from?: string;
  readonly until?: string;
  /** Names of listeners, separated by commas. */
  readonly listeners?: string;
}

/** The request that an address, or a form, stands for. */
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

/** The address that asks for the same as a replay that was. */
export function searchOf({ filter, listeners }: Pick<Replay, 'filter' | 'listeners'>): ReplaySearch {
  const { types, appId, ...rest } = filter as ReplayFilter;
  return {
    ...rest,
    ...(types ? { types: types.join(',') } : {}),
    ...(appId ? { appId: String(appId) } : {}),
    listeners: listeners.join(','),
  };
}

/** What has become of an event that is run again, in a word. */
export const entryWords = {
  waiting: 'to come',
  done: 'done',
  skipped: 'not concerned',
  dead: 'failed',
  cancelled: 'cancelled',
} as const satisfies Record<ReplayEntryState, string>;

/** The colours of these. */
export const entryColors = {
  waiting: 'blue',
  done: 'teal',
  skipped: 'gray',
  dead: 'red',
  cancelled: 'gray',
} as const satisfies Record<ReplayEntryState, string>;

/** The last replay of an event by each listener, where that failed. */
export function failedReplays(replays: EventStory['replays']): EventStory['replays'] {
  const last = new Map(replays.map((one) => [one.listener, one]));
  return [...last.values()].filter(({ status }) => status === 'dead');
}

/** The names in a list of an address. */
export function listOf(given: string | undefined): string[] {
  return (given ?? '').split(',').filter((name) => name !== '');
}

/** Which events a replay takes, for people. */
export function filterInWords(filter: Replay['filter']): string {
  const { eventId, types, appId, key, from, until } = filter as ReplayFilter;
  return [
    eventId ? 'one event' : types ? types.join(', ') : 'all kinds of event',
    key && `of ${key}`,
    appId && `of app ${appId}`,
    from && `from ${exactTime(from)}`,
    until && `until ${exactTime(until)}`,
  ]
    .filter(Boolean)
    .join(' ');
}

/** An instant as the browser's own field for times wants it: here, and to the minute. */
export function localTime(instant: string | undefined): string {
  if (!instant || Number.isNaN(Date.parse(instant))) return '';
  const date = new Date(instant);
  const pad = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day}T${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

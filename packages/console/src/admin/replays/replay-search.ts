import type { Replay, ReplayRequest } from '@mevrik/protocol';
import { listOf, type RawSearch, readTexts } from '../../shared/search-params.ts';
import { isEventType } from '../events/event-types.ts';

/** The URL parameters of the replay page: the events and the listeners that handle them again. */
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

const names = ['eventId', 'types', 'appId', 'key', 'from', 'until', 'listeners'] as const;

/** Reads the parameters; empty ones are left out. A list as text is its items with commas. */
export function readReplaySearch(search: RawSearch): ReplaySearch {
  return readTexts(search, names);
}

/** The request for the parameters of the page. */
export function requestOf(search: ReplaySearch): ReplayRequest {
  const { eventId, types, appId, key, from, until, listeners } = search;
  return {
    listeners: listOf(listeners),
    filter: {
      ...(eventId ? { eventId } : {}),
      ...(types ? { types: listOf(types).filter(isEventType) } : {}),
      ...(appId ? { appId: Number(appId) } : {}),
      ...(key ? { key } : {}),
      ...(from ? { from: new Date(from).toISOString() } : {}),
      ...(until ? { until: new Date(until).toISOString() } : {}),
    },
  };
}

/** The parameters that repeat a replay. */
export function searchOf({ filter, listeners }: Pick<Replay, 'filter' | 'listeners'>): ReplaySearch {
  return readReplaySearch({ ...filter, listeners });
}

import type { EventSegmentQuery } from '@mevrik/protocol';
import { type RawSearch, readTexts } from '../../shared/search-params.ts';

/** The filter of the archive. It is part of the page's URL, so that other pages link to what they miss. */
export interface ArchiveSearch {
  readonly appId?: string;
  readonly from?: string;
  readonly until?: string;
  /** An event that is not in the log. */
  readonly eventId?: string;
}

/** Reads the filter from URL parameters; empty ones are left out. */
export function readArchiveSearch(search: RawSearch): ArchiveSearch {
  return readTexts(search, ['appId', 'from', 'until', 'eventId']);
}

/** The query of the API for a filter; invalid values are left out. */
export function archiveQuery({ appId, from, until, eventId }: ArchiveSearch): EventSegmentQuery {
  return {
    ...(/^[1-9]\d{0,9}$/.test(appId ?? '') ? { appId } : {}),
    ...(isTime(from) ? { from: new Date(from).toISOString() } : {}),
    ...(isTime(until) ? { until: new Date(until).toISOString() } : {}),
    ...(eventId ? { eventId } : {}),
  };
}

function isTime(value: string | undefined): value is string {
  return value !== undefined && !Number.isNaN(Date.parse(value));
}

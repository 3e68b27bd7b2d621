import type { EventOutcome, EventQuery } from '@mevrik/protocol';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { isKeyOf } from '../../shared/labels.ts';
import { type RawSearch, readTexts } from '../../shared/search-params.ts';
import { outcomeWords } from './outcome-words.ts';

/** The filter of the event log. It is part of the page's URL, so that it can be shared. */
export interface EventLogFilter {
  /** Event types, separated by commas. */
  readonly type?: string;
  readonly appId?: string;
  readonly outcome?: EventOutcome;
  readonly key?: string;
  readonly sessionId?: string;
  readonly from?: string;
  readonly until?: string;
  readonly text?: string;
}

const parts = ['type', 'appId', 'outcome', 'key', 'sessionId', 'from', 'until', 'text'] as const;

/** The filter in the URL and the functions that change it; empty values are removed. */
export function useEventFilter() {
  const filter = useSearch({ from: '/admin/events' });
  // Relative to the page that is open by then: a filter that settles late must not leave the event just opened.
  const navigate = useNavigate();
  const change = (next: { readonly [Part in keyof EventLogFilter]?: string | undefined }) =>
    void navigate({ to: '.', search: readEventFilter({ ...filter, ...next }), replace: true });
  return { filter, change, clear: () => void navigate({ to: '.', search: {} }) };
}

/** Reads the filter from URL parameters; empty values and an unknown outcome are dropped. */
export function readEventFilter(search: RawSearch): EventLogFilter {
  const { outcome, ...texts } = readTexts(search, parts);
  return isKeyOf(outcomeWords, outcome) ? { ...texts, outcome } : texts;
}

/** The query of the API for a filter; invalid numbers and times are left out. */
export function queryOf({ appId, sessionId, from, until, ...rest }: EventLogFilter): EventQuery {
  const isNumber = (value: string | undefined) => value !== undefined && /^[1-9]\d{0,15}$/.test(value);
  const isTime = (value: string | undefined) => value !== undefined && !Number.isNaN(Date.parse(value));
  return {
    ...rest,
    ...(isNumber(appId) ? { appId } : {}),
    ...(isNumber(sessionId) ? { sessionId } : {}),
    ...(isTime(from) ? { from: new Date(from ?? '').toISOString() } : {}),
    ...(isTime(until) ? { until: new Date(until ?? '').toISOString() } : {}),
  };
}

import type { EventOutcome, EventQuery } from '@mevrik/protocol';
import { useNavigate, useSearch } from '@tanstack/react-router';

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
  const search = useSearch({ strict: false }) as Readonly<Record<string, unknown>>;
  const navigate = useNavigate();
  const filter = clean(search);
  const change = (next: { readonly [Part in keyof EventLogFilter]?: string | undefined }) =>
    void navigate({ to: '.', search: clean({ ...filter, ...next }) as never, replace: true });
  return { filter, change, clear: () => void navigate({ to: '.', search: {} as never }) };
}

function clean(given: Readonly<Record<string, unknown>>): EventLogFilter {
  const kept = parts.flatMap((part) => {
    const value = given[part];
    return value === undefined || value === null || value === '' ? [] : [[part, String(value)]];
  });
  return Object.fromEntries(kept) as EventLogFilter;
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

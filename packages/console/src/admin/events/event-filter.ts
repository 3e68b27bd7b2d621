import type { EventOutcome, EventQuery } from '@mevrik/protocol';
import { useNavigate, useSearch } from '@tanstack/react-router';

/** Which events are shown: it stands in the page's address, so that it can be passed on. */
export interface EventFilter {
  /** Kinds, separated by commas. */
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

/** The filter of the address, and changing it; what is empty is taken away. */
export function useEventFilter() {
  const search = useSearch({ strict: false }) as Readonly<Record<string, unknown>>;
  const navigate = useNavigate();
  const filter = clean(search);
  const change = (next: { readonly [Part in keyof EventFilter]?: string | undefined }) =>
    void navigate({ to: '.', search: clean({ ...filter, ...next }) as never, replace: true });
  return { filter, change, clear: () => void navigate({ to: '.', search: {} as never }) };
}

function clean(given: Readonly<Record<string, unknown>>): EventFilter {
  const kept = parts.flatMap((part) => {
    const value = given[part];
    return value === undefined || value === null || value === '' ? [] : [[part, String(value)]];
  });
  return Object.fromEntries(kept) as EventFilter;
}

/** The filter as the API wants it. */
export function queryOf({ appId, sessionId, from, until, ...rest }: EventFilter): EventQuery {
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

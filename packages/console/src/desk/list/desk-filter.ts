import { useNavigate, useSearch } from '@tanstack/react-router';
import type { ConversationView } from '../../shared/sdk.ts';

/** Which conversations the lists show. Stored in the page's URL. */
export interface DeskFilter {
  readonly view: ConversationView;
  readonly appId?: number;
  readonly channel?: string;
  readonly overdue?: boolean;
  readonly sort?: 'due';
}

/** Reads the filter from URL parameters and drops invalid values. */
export function readFilter(search: Readonly<Record<string, unknown>>): Partial<DeskFilter> {
  const { view, appId, channel, overdue, sort } = search;
  return {
    ...(view === 'mine' || view === 'queue' || view === 'all' ? { view } : {}),
    ...(Number.isSafeInteger(Number(appId)) && Number(appId) > 0 ? { appId: Number(appId) } : {}),
    ...(typeof channel === 'string' && channel !== '' ? { channel } : {}),
    ...(overdue === true || overdue === 'true' ? { overdue: true } : {}),
    ...(sort === 'due' ? { sort } : {}),
  };
}

/** The filter and a setter; `undefined` removes a key. */
export function useDeskFilter() {
  const search = useSearch({ from: '/desk' });
  const navigate = useNavigate();
  const filter: DeskFilter = { view: 'mine', ...search };
  const change = (next: { readonly [Name in keyof DeskFilter]?: DeskFilter[Name] | undefined }) =>
    void navigate({ to: '.', search: { ...search, ...next } });
  return { filter, change };
}

import { useNavigate, useSearch } from '@tanstack/react-router';
import type { ConversationView } from '../../shared/sdk.ts';

/** Which conversations the lists show: it stands in the page's address. */
export interface DeskFilter {
  readonly view: ConversationView;
  readonly appId?: number;
  readonly channel?: string;
  readonly overdue?: boolean;
  readonly sort?: 'due';
}

/** Reads the filter of an address; what makes no sense is left out. */
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

/** The filter, and changing it; `undefined` takes a part of it away. */
export function useDeskFilter() {
  const search = useSearch({ strict: false }) as Partial<DeskFilter>;
  const navigate = useNavigate();
  const filter: DeskFilter = { view: 'mine', ...search };
  const change = (next: { readonly [Name in keyof DeskFilter]?: DeskFilter[Name] | undefined }) =>
    void navigate({ to: '.', search: { ...search, ...next } as never });
  return { filter, change };
}

import { Group, Select } from '@mantine/core';
import type { Page } from '@mevrik/protocol';
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { AdminPage } from './admin-page.tsx';
import { useChannelStates } from './queries.ts';
import { type Column, RowList } from './row-list.tsx';
import { SearchedTo } from './searched-to.tsx';

/** A page with a list, newest first: filters, and the list in its states. */
export function LogList<Row>(props: {
  title: string;
  about: string;
  filters: ReactNode;
  list: UseInfiniteQueryResult<InfiniteData<Page<Row>>>;
  columns: readonly Column[];
  row: (row: Row) => ReactNode;
  /** How far back the filters were applied, if not to the end of the list. */
  searchedTo?: string | null | undefined;
  /** Shown when no row matches the filters. */
  empty: { readonly icon: ReactNode; readonly title: string; readonly text: string };
}) {
  const { title, about, filters, searchedTo, ...list } = props;
  return (
    <AdminPage title={title} about={about}>
      <Group gap="sm">{filters}</Group>
      <RowList {...list} />
      <SearchedTo at={searchedTo} />
    </AdminPage>
  );
}

/** Selects one channel. */
export function ChannelFilter(props: {
  /** Offers only channels of this kind. */
  kind?: string;
  value: string | null;
  onChange: (channel: string | null) => void;
}) {
  const { kind, value, onChange } = props;
  const channels = useChannelStates();
  const offered = (channels.data?.items ?? []).filter((one) => kind === undefined || one.kind === kind);
  const names = new Set([...offered.map(({ name }) => name), ...(value ? [value] : [])]);
  return (
    <Select
      aria-label="Channel"
      placeholder="All channels"
      data={[...names].sort()}
      value={value}
      onChange={onChange}
      clearable
      searchable
      w={200}
    />
  );
}

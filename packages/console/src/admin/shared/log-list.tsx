import { Card, Group, Select, Table } from '@mantine/core';
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '../../session/session.ts';
import { Empty, Failure, Loading } from '../../shared/states.tsx';
import classes from './admin.module.css';
import { AdminPage } from './admin-page.tsx';
import type { Items } from './api-types.ts';
import { EarlierOnes } from './earlier-ones.tsx';

/** A page that shows what happened, newest first: filters, the list in its states, and the way to earlier ones. */
export function LogList<Row>(props: {
  title: string;
  about: string;
  filters: ReactNode;
  list: UseInfiniteQueryResult<InfiniteData<Items<Row>>>;
  columns: readonly string[];
  row: (row: Row) => ReactNode;
  /** What is shown where nothing fits. */
  empty: { readonly icon: ReactNode; readonly title: string; readonly text: string };
}) {
  const { title, about, filters, list, columns, row, empty } = props;
  const rows = list.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <AdminPage title={title} about={about}>
      <Group gap="sm">{filters}</Group>
      {list.isPending ? (
        <Loading />
      ) : list.isError ? (
        <Failure error={list.error} onRetry={() => void list.refetch()} />
      ) : rows.length === 0 ? (
        <Card withBorder>
          <Empty icon={empty.icon} title={empty.title}>
            {empty.text}
          </Empty>
        </Card>
      ) : (
        <Card withBorder p={0} className={classes.table} tabIndex={0}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                {columns.map((column, at) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: columns stay where they are
                  <Table.Th key={at}>{column}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>{rows.map(row)}</Table.Tbody>
          </Table>
        </Card>
      )}
      <EarlierOnes of={list} />
    </AdminPage>
  );
}

/** Picks one channel of all. */
export function ChannelFilter({
  value,
  onChange,
}: {
  value: string | null;
  onChange: (channel: string | null) => void;
}) {
  const channels = useQuery({ queryKey: ['channels'], queryFn: () => api.rest.admin.channelStates() });
  const names = new Set([...(channels.data?.items ?? []).map(({ name }) => name), ...(value ? [value] : [])]);
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

import { Card, Table } from '@mantine/core';
import type { Page } from '@mevrik/protocol';
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Empty, Failure, Loading } from '../../shared/states.tsx';
import classes from './admin.module.css';
import { LoadMore } from './load-more.tsx';

/** The header of a column; numbers are aligned to the right. */
export type Column = string | { readonly label: string; readonly align: 'right' };

/** A table of the panel with a header for each column. */
export function DataTable({ columns, children }: { columns: readonly Column[]; children: ReactNode }) {
  return (
    <Card withBorder p={0} className={classes.table} tabIndex={0}>
      <Table highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            {columns.map((column, at) => {
              const { label, align } =
                typeof column === 'string' ? { label: column, align: 'left' as const } : column;
              return (
                // biome-ignore lint/suspicious/noArrayIndexKey: the order of columns never changes
                <Table.Th key={at} ta={align}>
                  {label}
                </Table.Th>
              );
            })}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </Card>
  );
}

/**
 * A paged list in its states: loading, failed, empty, or a table with a button that loads more. A search that covers a
 * part of the list at a time can go on although nothing was found so far.
 */
export function RowList<Row>(props: {
  list: UseInfiniteQueryResult<InfiniteData<Page<Row>>>;
  columns: readonly Column[];
  row: (row: Row) => ReactNode;
  /** Shown when there are no rows. */
  empty: { readonly icon: ReactNode; readonly title: string; readonly text?: string };
}) {
  const { list, columns, row, empty } = props;
  if (list.isPending) return <Loading />;
  if (list.isError) return <Failure error={list.error} onRetry={() => void list.refetch()} />;
  const rows = list.data.pages.flatMap(({ items }) => items);
  if (rows.length === 0) {
    return (
      <>
        <Card withBorder>
          <Empty icon={empty.icon} title={empty.title}>
            {empty.text}
          </Empty>
        </Card>
        <LoadMore of={list} label="Keep searching" />
      </>
    );
  }
  return (
    <>
      <DataTable columns={columns}>{rows.map(row)}</DataTable>
      <LoadMore of={list} />
    </>
  );
}

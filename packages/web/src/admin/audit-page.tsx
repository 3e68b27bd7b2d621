import { Card, Table, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { api } from '../session/session.ts';
import { Failure, Loading } from '../shared/states.tsx';
import { Ago } from '../shared/time.tsx';
import classes from './admin.module.css';
import { AdminPage } from './admin-page.tsx';
import type { Items } from './api-types.ts';
import { EarlierOnes } from './earlier-ones.tsx';

interface AuditRow {
  readonly id: number;
  readonly actor: string;
  readonly action: string;
  readonly target: string | null;
  readonly detail: unknown;
  readonly at: string;
}

/** Who did what. */
export function AuditPage() {
  const list = useInfiniteQuery({
    queryKey: ['audit'],
    queryFn: ({ pageParam }) =>
      api.call<Items<AuditRow>>('GET', '/v1/admin/audit', { query: { limit: 50, cursor: pageParam } }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    staleTime: 0,
  });
  if (list.isPending) return <Loading />;
  if (list.isError) return <Failure error={list.error} onRetry={() => void list.refetch()} />;
  return (
    <AdminPage title="Audit log" about="What people and programs did, and what they were refused.">
      <Card withBorder p={0} className={classes.table} tabIndex={0}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>When</Table.Th>
              <Table.Th>Who</Table.Th>
              <Table.Th>Did</Table.Th>
              <Table.Th>To</Table.Th>
              <Table.Th>More</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {list.data.pages
              .flatMap(({ items }) => items)
              .map((row) => (
                <Table.Tr key={row.id}>
                  <Table.Td>
                    <Ago at={row.at} />
                  </Table.Td>
                  <Table.Td>{row.actor}</Table.Td>
                  <Table.Td className={classes.mono}>{row.action}</Table.Td>
                  <Table.Td>{row.target}</Table.Td>
                  <Table.Td maw={420}>
                    <Text className={classes.mono} c="dimmed" lineClamp={1}>
                      {row.detail ? JSON.stringify(row.detail) : ''}
                    </Text>
                  </Table.Td>
                </Table.Tr>
              ))}
          </Table.Tbody>
        </Table>
      </Card>
      <EarlierOnes of={list} />
    </AdminPage>
  );
}

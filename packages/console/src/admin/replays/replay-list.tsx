import { Card, Table, Text } from '@mantine/core';
import { IconRepeat } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api } from '../../session/session.ts';
import { Empty, Failure, Loading } from '../../shared/states.tsx';
import { Ago } from '../../shared/time.tsx';
import classes from '../shared/admin.module.css';
import { EarlierOnes } from '../shared/earlier-ones.tsx';
import { ReplayBadge, ReplayProgress } from './replay-progress.tsx';
import { filterInWords } from './replay-words.ts';

/** All replays, newest first. */
export function ReplayList() {
  const list = useInfiniteQuery({
    queryKey: ['replays', 'list'],
    queryFn: ({ pageParam }) =>
      api.rest.admin.replays({ limit: 20, ...(pageParam === undefined ? {} : { cursor: pageParam }) }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  if (list.isPending) return <Loading lines={3} />;
  if (list.isError) return <Failure error={list.error} onRetry={() => void list.refetch()} />;
  const rows = list.data.pages.flatMap(({ items }) => items);
  if (rows.length === 0) {
    return (
      <Card withBorder>
        <Empty icon={<IconRepeat size={34} stroke={1.4} />} title="Nothing was ever replayed">
          Choose events and listeners above, and look at what would run.
        </Empty>
      </Card>
    );
  }
  return (
    <>
      <Card withBorder p={0} className={classes.table} tabIndex={0}>
        <Table highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Replay</Table.Th>
              <Table.Th>When</Table.Th>
              <Table.Th>Who</Table.Th>
              <Table.Th>Listeners</Table.Th>
              <Table.Th>Events</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th>How far</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((replay) => (
              <Table.Tr key={replay.id}>
                <Table.Td>
                  <Link
                    to="/admin/replay/$replayId"
                    params={{ replayId: String(replay.id) }}
                    className={classes.link}
                  >
                    Replay {replay.id}
                  </Link>
                </Table.Td>
                <Table.Td>
                  <Ago at={replay.createdAt} />
                </Table.Td>
                <Table.Td>{replay.actor}</Table.Td>
                <Table.Td maw={260}>{replay.listeners.join(', ')}</Table.Td>
                <Table.Td maw={360}>
                  <Text size="sm" lineClamp={2}>
                    {filterInWords(replay.filter)}
                  </Text>
                </Table.Td>
                <Table.Td>
                  <ReplayBadge status={replay.status} />
                </Table.Td>
                <Table.Td w={220}>
                  <ReplayProgress of={replay} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Card>
      <EarlierOnes of={list} />
    </>
  );
}

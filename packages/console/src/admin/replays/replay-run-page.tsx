import {
  Anchor,
  Badge,
  Button,
  Card,
  Group,
  SegmentedControl,
  Stack,
  Table,
  Text,
  Title,
} from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { Replay, ReplayEntryState } from '@mevrik/protocol';
import { IconArrowLeft, IconChecks, IconPlayerStop, IconRepeat } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { Empty, Failure, Loading } from '../../shared/states.tsx';
import { exactTime } from '../../shared/time.tsx';
import classes from '../shared/admin.module.css';
import { AdminPage } from '../shared/admin-page.tsx';
import { modals } from '../shared/confirm.tsx';
import { EarlierOnes } from '../shared/earlier-ones.tsx';
import { ReplayBadge, ReplayProgress } from './replay-progress.tsx';
import { entryColors, entryWords, filterInWords, searchOf } from './replay-words.ts';

/** One replay: how far it has come, and what became of each event. */
export function ReplayRunPage() {
  const { replayId } = useParams({ strict: false }) as { replayId: string };
  const id = Number(replayId);
  const queries = useQueryClient();
  const replay = useQuery({ queryKey: ['replays', 'one', id], queryFn: () => api.rest.admin.replay(id) });
  if (replay.isPending) return <Loading />;
  if (replay.isError) return <Failure error={replay.error} onRetry={() => void replay.refetch()} />;
  const { actor, createdAt, finishedAt, filter, listeners, status } = replay.data;

  async function cancel(): Promise<void> {
    try {
      await api.rest.admin.cancelReplay(id);
    } catch (error) {
      notifications.show({ color: 'red', title: 'It still runs', message: errorMessage(error) });
    }
    void queries.invalidateQueries({ queryKey: ['replays'] });
  }

  return (
    <AdminPage
      title={`Replay ${id}`}
      about={`${listeners.join(', ')} on ${filterInWords(filter)}`}
      actions={
        <>
          <Button
            component={Link}
            to="/admin/replay"
            variant="default"
            size="xs"
            leftSection={<IconArrowLeft size={15} />}
          >
            All replays
          </Button>
          <Button
            component={Link}
            {...{ to: '/admin/replay', search: searchOf(replay.data) as never }}
            variant="default"
            size="xs"
            leftSection={<IconRepeat size={15} />}
          >
            The same again
          </Button>
          {status === 'running' && (
            <Button
              size="xs"
              color="red"
              leftSection={<IconPlayerStop size={15} />}
              onClick={() =>
                modals.confirm({
                  title: 'Cancel this replay?',
                  text: 'Nothing more of it will run. What has run stays.',
                  action: 'Cancel the replay',
                  onConfirm: cancel,
                })
              }
            >
              Cancel …
            </Button>
          )}
        </>
      }
    >
      <Card withBorder>
        <Stack gap="sm">
          <Group gap="sm">
            <ReplayBadge status={status} />
            <Text size="sm" c="dimmed">
              Begun by {actor}, {exactTime(createdAt)}
              {finishedAt && `; ended ${exactTime(finishedAt)}`}
            </Text>
          </Group>
          <ReplayProgress of={replay.data} />
        </Stack>
      </Card>
      <Entries replay={replay.data} />
    </AdminPage>
  );
}

/** What became of the events, the failed ones first to be seen. */
function Entries({ replay }: { replay: Replay }) {
  const [asked, setAsked] = useState<ReplayEntryState | 'all'>();
  const state = asked ?? (replay.dead > 0 ? 'dead' : 'all');
  const list = useInfiniteQuery({
    queryKey: ['replays', 'entries', replay.id, state],
    queryFn: ({ pageParam }) =>
      api.rest.admin.replayEntries(replay.id, {
        limit: 50,
        ...(state === 'all' ? {} : { status: state }),
        ...(pageParam === undefined ? {} : { cursor: pageParam }),
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  const rows = list.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={2}>What became of each event</Title>
        <SegmentedControl
          size="xs"
          value={state}
          onChange={(next) => setAsked(next as ReplayEntryState | 'all')}
          data={[
            { value: 'all', label: 'All' },
            ...(['dead', 'waiting', 'done', 'skipped', 'cancelled'] as const).map((value) => ({
              value,
              label: `${entryWords[value]} (${replay[value]})`,
            })),
          ]}
        />
      </Group>
      {replay.dead > 0 && (
        <Text size="sm">
          What failed waits among the{' '}
          <Anchor component={Link} to="/admin/dead-letters">
            dead letters
          </Anchor>
          : try it again there, edit it, or discard it.
        </Text>
      )}
      {list.isPending ? (
        <Loading />
      ) : list.isError ? (
        <Failure error={list.error} onRetry={() => void list.refetch()} />
      ) : rows.length === 0 ? (
        <Card withBorder>
          <Empty icon={<IconChecks size={34} stroke={1.4} />} title="None of these" />
        </Card>
      ) : (
        <Card withBorder p={0} className={classes.table} tabIndex={0}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Event</Table.Th>
                <Table.Th>Conversation</Table.Th>
                <Table.Th>Listener</Table.Th>
                <Table.Th>State</Table.Th>
                <Table.Th>What went wrong</Table.Th>
                <Table.Th ta="right">Took</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((entry) => (
                <Table.Tr key={`${entry.listener} ${entry.eventId}`}>
                  <Table.Td>
                    <Link
                      to="/admin/events/$eventId"
                      params={{ eventId: entry.eventId }}
                      className={classes.link}
                    >
                      {entry.type}
                    </Link>
                  </Table.Td>
                  <Table.Td>
                    <Text className={classes.mono} truncate maw={240} c="dimmed">
                      {entry.key}
                    </Text>
                  </Table.Td>
                  <Table.Td>{entry.listener}</Table.Td>
                  <Table.Td>
                    <Badge size="sm" color={entryColors[entry.status]}>
                      {entryWords[entry.status]}
                    </Badge>
                  </Table.Td>
                  <Table.Td maw={420}>
                    <Text size="sm" lineClamp={2} c="red">
                      {entry.failures.at(-1)?.error}
                    </Text>
                  </Table.Td>
                  <Table.Td ta="right">
                    {entry.durationMs === null ? '–' : `${Math.round(entry.durationMs)} ms`}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Card>
      )}
      <EarlierOnes of={list} />
    </Stack>
  );
}

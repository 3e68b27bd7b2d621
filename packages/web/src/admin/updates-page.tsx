import { Badge, Button, Card, Group, SegmentedControl, Select, Table, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { WebhookUpdate } from '@mevrik/protocol';
import { IconWebhook } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { Fragment, useState } from 'react';
import { api } from '../session/session.ts';
import { explain } from '../shared/explain.ts';
import { Empty, Failure, Loading } from '../shared/states.tsx';
import { Ago } from '../shared/time.tsx';
import classes from './admin.module.css';
import { AdminPage } from './admin-page.tsx';
import { EarlierOnes } from './earlier-ones.tsx';
import { JsonView } from './json-view.tsx';

/** Nothing is broadcast of an update that nothing was made of. */
const lookAgainMs = 5_000;

const states = {
  received: { word: 'waits', color: 'blue' },
  handled: { word: 'handled', color: 'teal' },
  ignored: { word: 'ignored', color: 'gray' },
} as const;

/** What providers have sent us, and what was made of it. */
export function UpdatesPage() {
  const [status, setStatus] = useState<'' | WebhookUpdate['status']>('');
  const [channel, setChannel] = useState<string | null>(null);
  const channels = useQuery({ queryKey: ['channels'], queryFn: () => api.rest.channelStates() });
  const list = useInfiniteQuery({
    queryKey: ['updates', status, channel],
    queryFn: ({ pageParam }) =>
      api.rest.webhookUpdates({
        limit: 50,
        ...(status !== '' && { status }),
        ...(channel !== null && { channel }),
        ...(pageParam !== undefined && { cursor: pageParam }),
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: lookAgainMs,
  });
  const rows = list.data?.pages.flatMap(({ items }) => items) ?? [];
  const counts = list.data?.pages[0]?.counts ?? {};
  const names = new Set((channels.data?.items ?? []).map(({ name }) => name));
  return (
    <AdminPage
      title="Updates"
      about="What providers have sent, as it came in, newest first. After a mistake was mended an update can be handled once more; its message is stored once."
    >
      <Group gap="sm">
        <SegmentedControl
          value={status}
          onChange={(next) => setStatus(next as typeof status)}
          data={[
            { value: '', label: 'All' },
            ...Object.entries(states).map(([value, { word }]) => ({
              value,
              label: `${word} (${counts[value] ?? 0})`,
            })),
          ]}
        />
        <Select
          aria-label="Channel"
          placeholder="All channels"
          data={[...names].sort()}
          value={channel}
          onChange={setChannel}
          clearable
          w={200}
        />
      </Group>
      {list.isPending ? (
        <Loading />
      ) : list.isError ? (
        <Failure error={list.error} onRetry={() => void list.refetch()} />
      ) : rows.length === 0 ? (
        <Card withBorder>
          <Empty icon={<IconWebhook size={34} stroke={1.4} />} title="No update fits">
            If a provider should have sent something, check the address and the secret that it was given.
          </Empty>
        </Card>
      ) : (
        <UpdateTable rows={rows} />
      )}
      <EarlierOnes of={list} />
    </AdminPage>
  );
}

function UpdateTable({ rows }: { rows: readonly WebhookUpdate[] }) {
  const queries = useQueryClient();
  const [open, setOpen] = useState<number>();

  async function replay(id: number): Promise<void> {
    try {
      await api.rest.replayWebhookUpdate(id);
      notifications.show({ message: `Update ${id} is handled once more.` });
    } catch (error) {
      notifications.show({ color: 'red', title: 'It was not handled again', message: explain(error) });
    }
    void queries.invalidateQueries({ queryKey: ['updates'] });
  }

  return (
    <Card withBorder p={0} className={classes.table} tabIndex={0}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>When</Table.Th>
            <Table.Th>Update</Table.Th>
            <Table.Th>Channel</Table.Th>
            <Table.Th>State</Table.Th>
            <Table.Th>Why nothing was made of it</Table.Th>
            <Table.Th />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ id, receivedAt, channel, provider, status, note, payload }) => (
            <Fragment key={id}>
              <Table.Tr>
                <Table.Td>
                  <Ago at={receivedAt} />
                </Table.Td>
                <Table.Td>{id}</Table.Td>
                <Table.Td>
                  {channel}{' '}
                  <Text span size="xs" c="dimmed">
                    {provider}
                  </Text>
                </Table.Td>
                <Table.Td>
                  <Badge color={states[status].color}>{states[status].word}</Badge>
                </Table.Td>
                <Table.Td maw={420}>
                  <Text size="sm">{note ?? '–'}</Text>
                </Table.Td>
                <Table.Td>
                  <Group gap={6} wrap="nowrap" justify="flex-end">
                    <Button
                      size="compact-xs"
                      variant="default"
                      aria-expanded={open === id}
                      aria-label={open === id ? `Hide update ${id}` : `Look into update ${id}`}
                      onClick={() => setOpen(open === id ? undefined : id)}
                    >
                      {open === id ? 'Hide' : 'Look'}
                    </Button>
                    <Button size="compact-xs" variant="light" onClick={() => void replay(id)}>
                      Handle again
                    </Button>
                  </Group>
                </Table.Td>
              </Table.Tr>
              {open === id && (
                <Table.Tr>
                  <Table.Td colSpan={6}>
                    <JsonView value={payload} label={`Update ${id}`} />
                  </Table.Td>
                </Table.Tr>
              )}
            </Fragment>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}

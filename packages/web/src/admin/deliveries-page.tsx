import { Card, Checkbox, Group, Pill, Select, Table } from '@mantine/core';
import type { DeliveryState } from '@mevrik/protocol';
import { IconSend } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../session/session.ts';
import { Empty, Failure, Loading } from '../shared/states.tsx';
import classes from './admin.module.css';
import { AdminPage } from './admin-page.tsx';
import { DeliveryRow, stateWords } from './delivery-row.tsx';
import { EarlierOnes } from './earlier-ones.tsx';

/** What is on its way to customers does not wait for news: how far it has come is told to its conversation alone. */
const lookAgainMs = 5_000;

/** Messages on their way through providers, with all that was tried. */
export function DeliveriesPage() {
  const search = useSearch({ strict: false }) as {
    channel?: string;
    status?: string;
    doubtful?: string;
    messageId?: string;
  };
  const [messageId, setMessageId] = useState(search.messageId ?? null);
  const [channel, setChannel] = useState<string | null>(search.channel ?? null);
  const [status, setStatus] = useState<string | null>(search.status ?? null);
  const [isDoubtful, setDoubtful] = useState(search.doubtful === 'true');
  const channels = useQuery({ queryKey: ['channels'], queryFn: () => api.rest.channelStates() });
  const list = useInfiniteQuery({
    queryKey: ['deliveries', channel, status, isDoubtful, messageId],
    queryFn: ({ pageParam }) =>
      api.rest.deliveries({
        limit: 50,
        ...(channel !== null && { channel }),
        ...(status !== null && { status: status as DeliveryState }),
        ...(isDoubtful && { doubtful: 'true' }),
        ...(messageId !== null && { messageId: Number(messageId) }),
        ...(pageParam !== undefined && { cursor: pageParam }),
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: lookAgainMs,
  });
  const rows = list.data?.pages.flatMap(({ items }) => items) ?? [];
  const names = new Set([
    ...(channels.data?.items ?? []).map(({ name }) => name),
    ...(channel ? [channel] : []),
  ]);
  return (
    <AdminPage
      title="Deliveries"
      about="Every message that goes out through a provider, newest first: how often it was tried, what the provider said, and whether it may have arrived without a word."
    >
      <Group gap="sm">
        <Select
          aria-label="State"
          placeholder="All states"
          data={Object.entries(stateWords).map(([value, label]) => ({ value, label }))}
          value={status}
          onChange={setStatus}
          clearable
          w={180}
        />
        <Select
          aria-label="Channel"
          placeholder="All channels"
          data={[...names].sort()}
          value={channel}
          onChange={setChannel}
          clearable
          searchable
          w={200}
        />
        <Checkbox
          label="In doubt only"
          checked={isDoubtful}
          onChange={(event) => setDoubtful(event.currentTarget.checked)}
        />
        {messageId !== null && (
          <Pill withRemoveButton size="lg" onRemove={() => setMessageId(null)}>
            Message {messageId}
          </Pill>
        )}
      </Group>
      {list.isPending ? (
        <Loading />
      ) : list.isError ? (
        <Failure error={list.error} onRetry={() => void list.refetch()} />
      ) : rows.length === 0 ? (
        <Card withBorder>
          <Empty icon={<IconSend size={34} stroke={1.4} />} title="No delivery fits">
            Answers on the website go there directly; what goes through a provider is shown here.
          </Empty>
        </Card>
      ) : (
        <Card withBorder p={0} className={classes.table} tabIndex={0}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>When</Table.Th>
                <Table.Th>Message</Table.Th>
                <Table.Th>Channel</Table.Th>
                <Table.Th>State</Table.Th>
                <Table.Th>What went wrong last</Table.Th>
                <Table.Th>Attempts</Table.Th>
                <Table.Th />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((delivery) => (
                <DeliveryRow key={delivery.id} delivery={delivery} />
              ))}
            </Table.Tbody>
          </Table>
        </Card>
      )}
      <EarlierOnes of={list} />
    </AdminPage>
  );
}

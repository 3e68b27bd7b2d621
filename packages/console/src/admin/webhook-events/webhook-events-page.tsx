import { Badge, Button, Group, SegmentedControl, Table, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { WebhookEvent } from '@mevrik/protocol';
import { IconWebhook } from '@tabler/icons-react';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { Ago } from '../../shared/time.tsx';
import { JsonView } from '../shared/json-view.tsx';
import { ChannelFilter, LogList } from '../shared/log-list.tsx';

const states = {
  received: { word: 'waits', color: 'blue' },
  handled: { word: 'handled', color: 'teal' },
  ignored: { word: 'ignored', color: 'gray' },
} as const;

/** What providers have sent us, and what was made of it. */
export function WebhookEventsPage() {
  const [status, setStatus] = useState<'' | WebhookEvent['status']>('');
  const [channel, setChannel] = useState<string | null>(null);
  const list = useInfiniteQuery({
    queryKey: ['webhook-events', status, channel],
    queryFn: ({ pageParam }) =>
      api.rest.admin.webhookEvents({
        limit: 50,
        ...(status !== '' && { status }),
        ...(channel !== null && { channel }),
        ...(pageParam !== undefined && { cursor: pageParam }),
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    staleTime: 0,
  });
  const counts = list.data?.pages[0]?.counts ?? {};
  return (
    <LogList
      title="Updates"
      about="What providers have sent, as it came in, newest first. After a mistake was mended an update can be handled once more; its message is stored once."
      filters={
        <>
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
          <ChannelFilter value={channel} onChange={setChannel} />
        </>
      }
      list={list}
      columns={['When', 'Update', 'Channel', 'State', 'Why nothing was made of it', '']}
      row={(update) => <UpdateRow key={update.id} update={update} />}
      empty={{
        icon: <IconWebhook size={34} stroke={1.4} />,
        title: 'No update fits',
        text: 'If a provider should have sent something, check the address and the secret that it was given.',
      }}
    />
  );
}

function UpdateRow({
  update: { id, receivedAt, channel, provider, status, note, payload },
}: {
  update: WebhookEvent;
}) {
  const queries = useQueryClient();
  const [isOpen, setOpen] = useState(false);

  async function replay(): Promise<void> {
    try {
      await api.rest.admin.replayWebhookEvent(id);
      notifications.show({ message: `Update ${id} is handled once more.` });
    } catch (error) {
      notifications.show({ color: 'red', title: 'It was not handled again', message: errorMessage(error) });
    }
    void queries.invalidateQueries({ queryKey: ['webhook-events'] });
  }

  return (
    <>
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
              aria-expanded={isOpen}
              aria-label={isOpen ? `Hide update ${id}` : `Look into update ${id}`}
              onClick={() => setOpen(!isOpen)}
            >
              {isOpen ? 'Hide' : 'Look'}
            </Button>
            <Button size="compact-xs" variant="light" onClick={() => void replay()}>
              Handle again
            </Button>
          </Group>
        </Table.Td>
      </Table.Tr>
      {isOpen && (
        <Table.Tr>
          <Table.Td colSpan={6}>
            <JsonView value={payload} label={`Update ${id}`} />
          </Table.Td>
        </Table.Tr>
      )}
    </>
  );
}

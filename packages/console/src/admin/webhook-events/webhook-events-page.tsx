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
  received: { word: 'Pending', color: 'blue' },
  handled: { word: 'Handled', color: 'teal' },
  ignored: { word: 'Ignored', color: 'gray' },
} as const;

/** Webhook events from providers and their processing status. */
export function WebhookEventsPage() {
  const [status, setStatus] = useState<'' | WebhookEvent['status']>('');
  const [channel, setChannel] = useState<string | null>(null);
  const list = useInfiniteQuery({
    queryKey: ['webhook-events', status, channel],
    meta: { live: ['activity', 'webhook-events'] },
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
      title="Webhook events"
      about="Events from providers as received, newest first. After fixing a problem, process an event again; its message is stored only once."
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
      columns={['Received', 'ID', 'Channel', 'Status', 'Reason', '']}
      row={(event) => <WebhookEventRow key={event.id} event={event} />}
      empty={{
        icon: <IconWebhook size={34} stroke={1.4} />,
        title: 'No matching webhook events',
        text: 'If you expected one, check the webhook URL and the secret at the provider.',
      }}
    />
  );
}

function WebhookEventRow({
  event: { id, receivedAt, channel, provider, status, note, payload },
}: {
  event: WebhookEvent;
}) {
  const queries = useQueryClient();
  const [isOpen, setOpen] = useState(false);

  async function replay(): Promise<void> {
    try {
      await api.rest.admin.replayWebhookEvent(id);
      notifications.show({ message: `Webhook event ${id} will be processed again.` });
    } catch (error) {
      notifications.show({
        color: 'red',
        title: 'Could not process the webhook event again',
        message: errorMessage(error),
      });
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
          {provider !== channel && (
            <Text span size="xs" c="dimmed">
              {provider}
            </Text>
          )}
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
              aria-label={isOpen ? `Hide webhook event ${id}` : `View webhook event ${id}`}
              onClick={() => setOpen(!isOpen)}
            >
              {isOpen ? 'Hide' : 'View'}
            </Button>
            <Button size="compact-xs" variant="light" onClick={() => void replay()}>
              Process again
            </Button>
          </Group>
        </Table.Td>
      </Table.Tr>
      {isOpen && (
        <Table.Tr>
          <Table.Td colSpan={6}>
            <JsonView value={payload} label={`Webhook event ${id}`} />
          </Table.Td>
        </Table.Tr>
      )}
    </>
  );
}

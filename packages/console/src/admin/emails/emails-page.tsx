import { Badge, Button, Group, SegmentedControl, Select, Table, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { EmailRecord } from '@mevrik/protocol';
import { IconMail } from '@tabler/icons-react';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { Ago, clockTime } from '../../shared/time.tsx';
import { AdminPage } from '../shared/admin-page.tsx';
import { useChannelStates } from '../shared/queries.ts';
import { RowList } from '../shared/row-list.tsx';
import { EmailSource } from './email-source.tsx';

/** An email that creates no message triggers no notice, so the list is polled. */
const pollMs = 5_000;

const states = {
  received: { word: 'Pending', color: 'blue' },
  handled: { word: 'Handled', color: 'teal' },
  ignored: { word: 'Ignored', color: 'gray' },
  unreadable: { word: 'Unreadable', color: 'orange' },
  failed: { word: 'Failed', color: 'red' },
} as const;

/** Inbound emails and their processing status. */
export function EmailsPage() {
  const [status, setStatus] = useState<'' | EmailRecord['status']>('');
  const [channel, setChannel] = useState<string | null>(null);
  const channels = useChannelStates();
  const list = useInfiniteQuery({
    queryKey: ['emails', status, channel],
    meta: { live: ['activity'] },
    queryFn: ({ pageParam }) =>
      api.rest.admin.emails({
        limit: 50,
        ...(status !== '' && { status }),
        ...(channel !== null && { channel }),
        ...(pageParam !== undefined && { cursor: pageParam }),
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: pollMs,
  });
  const counts = list.data?.pages[0]?.counts ?? {};
  const names = new Set(
    (channels.data?.items ?? []).filter(({ kind }) => kind === 'email').map(({ name }) => name),
  );
  return (
    <AdminPage
      title="Emails"
      about="Inbound emails, newest first. An email that could not be processed after several attempts is marked as failed; fix the cause and process it again. Its message is stored only once."
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
      <RowList
        list={list}
        columns={['Received', 'ID', 'Sender', 'Channel', 'Status', 'Reason', '']}
        row={(email) => <EmailRow key={email.id} email={email} />}
        empty={{
          icon: <IconMail size={34} stroke={1.4} />,
          title: 'No matching emails',
          text: 'If you expected one, check the address of the channel and how its emails are received.',
        }}
      />
    </AdminPage>
  );
}

function EmailRow({ email }: { email: EmailRecord }) {
  const { id, receivedAt, sender, channel, source, status } = email;
  const queries = useQueryClient();
  const [isOpen, setOpen] = useState(false);

  async function replay(): Promise<void> {
    try {
      await api.rest.admin.replayEmail(id);
      notifications.show({ message: `Email ${id} will be processed again.` });
    } catch (error) {
      notifications.show({
        color: 'red',
        title: 'Could not process the email again',
        message: errorMessage(error),
      });
    }
    void queries.invalidateQueries({ queryKey: ['emails'] });
  }

  return (
    <>
      <Table.Tr>
        <Table.Td>
          <Ago at={receivedAt} />
        </Table.Td>
        <Table.Td>{id}</Table.Td>
        <Table.Td>
          {sender || (
            <Text span size="sm" c="dimmed">
              mail server
            </Text>
          )}
        </Table.Td>
        <Table.Td>
          {channel}{' '}
          <Text span size="xs" c="dimmed">
            {source.toUpperCase()}
          </Text>
        </Table.Td>
        <Table.Td>
          <Badge color={states[status].color}>{states[status].word}</Badge>
        </Table.Td>
        <Table.Td maw={420}>
          <Reason of={email} />
        </Table.Td>
        <Table.Td>
          <Group gap={6} wrap="nowrap" justify="flex-end">
            <Button
              size="compact-xs"
              variant="default"
              aria-expanded={isOpen}
              aria-label={isOpen ? `Hide email ${id}` : `View email ${id}`}
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
          <Table.Td colSpan={7}>
            <EmailSource id={id} />
          </Table.Td>
        </Table.Tr>
      )}
    </>
  );
}

function Reason({ of: { status, note, attempts, retryAt } }: { of: EmailRecord }) {
  return (
    <>
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {note ?? '–'}
      </Text>
      {status === 'received' && attempts > 0 && retryAt !== null && (
        <Text size="xs" c="dimmed">
          {attempts === 1 ? '1 attempt' : `${attempts} attempts`}, next at {clockTime(retryAt)}
        </Text>
      )}
    </>
  );
}

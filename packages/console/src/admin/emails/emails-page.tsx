import { Badge, Button, Card, Group, SegmentedControl, Select, Table, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { EmailRecord } from '@mevrik/protocol';
import { IconMail } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { Fragment, useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { Empty, Failure, Loading } from '../../shared/states.tsx';
import { Ago, clockTime } from '../../shared/time.tsx';
import classes from '../shared/admin.module.css';
import { AdminPage } from '../shared/admin-page.tsx';
import { EarlierOnes } from '../shared/earlier-ones.tsx';
import { EmailPreview } from './email-preview.tsx';

/** Nothing is broadcast of a mail that nothing was made of. */
const lookAgainMs = 5_000;

const states = {
  received: { word: 'waits', color: 'blue' },
  handled: { word: 'handled', color: 'teal' },
  ignored: { word: 'ignored', color: 'gray' },
  unreadable: { word: 'unreadable', color: 'orange' },
  failed: { word: 'failed', color: 'red' },
} as const;

/** The mails that have come in, and what was made of them. */
export function EmailsPage() {
  const [status, setStatus] = useState<'' | EmailRecord['status']>('');
  const [channel, setChannel] = useState<string | null>(null);
  const channels = useQuery({ queryKey: ['channels'], queryFn: () => api.rest.admin.channelStates() });
  const list = useInfiniteQuery({
    queryKey: ['emails', status, channel],
    queryFn: ({ pageParam }) =>
      api.rest.admin.emails({
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
  const names = new Set(
    (channels.data?.items ?? []).filter(({ kind }) => kind === 'email').map(({ name }) => name),
  );
  return (
    <AdminPage
      title="Mails"
      about="The mails that came in, newest first. One that could not be taken in has failed after some attempts, with its error; once that is mended it can be taken in again. Its message is stored once."
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
          <Empty icon={<IconMail size={34} stroke={1.4} />} title="No mail fits">
            If one should have come in, check the channel’s address, and how its mails get here.
          </Empty>
        </Card>
      ) : (
        <MailTable rows={rows} />
      )}
      <EarlierOnes of={list} />
    </AdminPage>
  );
}

function MailTable({ rows }: { rows: readonly EmailRecord[] }) {
  const queries = useQueryClient();
  const [open, setOpen] = useState<number>();

  async function replay(id: number): Promise<void> {
    try {
      await api.rest.admin.replayEmail(id);
      notifications.show({ message: `Mail ${id} is taken in once more.` });
    } catch (error) {
      notifications.show({ color: 'red', title: 'It was not taken in again', message: errorMessage(error) });
    }
    void queries.invalidateQueries({ queryKey: ['emails'] });
  }

  return (
    <Card withBorder p={0} className={classes.table} tabIndex={0}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>When</Table.Th>
            <Table.Th>Mail</Table.Th>
            <Table.Th>Sender</Table.Th>
            <Table.Th>Channel</Table.Th>
            <Table.Th>State</Table.Th>
            <Table.Th>Why nothing was made of it</Table.Th>
            <Table.Th />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ id, receivedAt, sender, channel, source, status, note, attempts, retryAt }) => (
            <Fragment key={id}>
              <Table.Tr>
                <Table.Td>
                  <Ago at={receivedAt} />
                </Table.Td>
                <Table.Td>{id}</Table.Td>
                <Table.Td>
                  {sender || (
                    <Text span size="sm" c="dimmed">
                      a mail server
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
                  <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                    {note ?? '–'}
                  </Text>
                  {status === 'received' && attempts > 0 && retryAt !== null && (
                    <Text size="xs" c="dimmed">
                      {attempts === 1 ? '1 attempt' : `${attempts} attempts`}, the next at{' '}
                      {clockTime(retryAt)}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td>
                  <Group gap={6} wrap="nowrap" justify="flex-end">
                    <Button
                      size="compact-xs"
                      variant="default"
                      aria-expanded={open === id}
                      aria-label={open === id ? `Hide mail ${id}` : `Look into mail ${id}`}
                      onClick={() => setOpen(open === id ? undefined : id)}
                    >
                      {open === id ? 'Hide' : 'Look'}
                    </Button>
                    <Button size="compact-xs" variant="light" onClick={() => void replay(id)}>
                      Take in again
                    </Button>
                  </Group>
                </Table.Td>
              </Table.Tr>
              {open === id && (
                <Table.Tr>
                  <Table.Td colSpan={7}>
                    <EmailPreview id={id} />
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

import {
  Button,
  Card,
  Group,
  JsonInput,
  Modal,
  SegmentedControl,
  Select,
  Stack,
  Table,
  Text,
  Tooltip,
} from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { ParkedEvent } from '@mevrik/protocol';
import { IconMailCheck } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { useMe } from '../../session/use-session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { Empty, Failure, FormError, Loading } from '../../shared/states.tsx';
import { Ago, exactTime } from '../../shared/time.tsx';
import classes from '../shared/admin.module.css';
import { AdminPage } from '../shared/admin-page.tsx';
import { modals } from '../shared/confirm.tsx';
import { EarlierOnes } from '../shared/earlier-ones.tsx';

type Filter = {
  readonly eventId?: string;
  readonly subscription?: string;
  readonly status?: ParkedEvent['status'];
};

/** What listeners could not handle, and what a person can do about it. */
export function DeadLettersPage() {
  const me = useMe();
  const queries = useQueryClient();
  const [status, setStatus] = useState<ParkedEvent['status']>('dead');
  const [listener, setListener] = useState<string | null>(null);
  const shown: Filter = { status, ...(listener === null ? {} : { subscription: listener }) };
  const [edited, setEdited] = useState<ParkedEvent>();
  const list = useInfiniteQuery({
    queryKey: ['dead-letters', shown],
    queryFn: ({ pageParam }) =>
      api.rest.admin.deadLetters({
        ...shown,
        limit: 50,
        ...(pageParam === undefined ? {} : { cursor: pageParam }),
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  const subscriptions = useQuery({ queryKey: ['listeners'], queryFn: () => api.rest.admin.subscriptions() });
  const rows = list.data?.pages.flatMap(({ items }) => items) ?? [];
  const refresh = () => {
    for (const key of ['dead-letters', 'listeners', 'event'])
      void queries.invalidateQueries({ queryKey: [key] });
  };

  async function act(what: 'discard' | 'retry', filter: Filter): Promise<void> {
    try {
      if (what === 'retry') {
        const { retried } = await api.rest.admin.retryDeadLetters(filter);
        notifications.show({ message: `${retried} tried again.` });
      } else {
        const { discarded } = await api.rest.admin.discardDeadLetters(filter);
        notifications.show({ message: `${discarded} discarded.` });
      }
    } catch (error) {
      notifications.show({ color: 'red', title: 'Nothing was changed', message: errorMessage(error) });
    }
    refresh();
  }
  const oneOf = ({ eventId, subscription }: ParkedEvent): Filter => ({ eventId, subscription });

  return (
    <AdminPage
      title="Dead letters"
      about="A listener that fails is tried again, later each time; what has failed for good waits here for a person. Everything else goes on meanwhile."
      actions={
        me.role === 'admin' &&
        rows.length > 0 && (
          <>
            <Button
              size="xs"
              variant="default"
              onClick={() =>
                modals.confirm({
                  title: 'Discard all of them?',
                  text: `${listener ?? 'No listener'} will ${listener ? 'not ' : ''}look at these events any more. They stay in the log.`,
                  action: 'Discard all',
                  onConfirm: () => act('discard', shown),
                })
              }
            >
              Discard all
            </Button>
            <Button size="xs" onClick={() => void act('retry', shown)}>
              Retry all
            </Button>
          </>
        )
      }
    >
      <Group gap="sm">
        <SegmentedControl
          w={320}
          value={status}
          onChange={(next) => setStatus(next as ParkedEvent['status'])}
          data={[
            { value: 'dead', label: 'Need a person' },
            { value: 'waiting', label: 'Are tried again' },
          ]}
        />
        <Select
          aria-label="Listener"
          placeholder="All listeners"
          data={(subscriptions.data?.items ?? [])
            .filter(({ mode }) => mode === 'queued')
            .map(({ name }) => name)}
          value={listener}
          onChange={setListener}
          clearable
          searchable
          w={280}
        />
      </Group>
      {list.isPending ? (
        <Loading />
      ) : list.isError ? (
        <Failure error={list.error} onRetry={() => void list.refetch()} />
      ) : rows.length === 0 ? (
        <Card withBorder>
          <Empty icon={<IconMailCheck size={34} stroke={1.4} />} title="Nothing is stuck">
            {status === 'dead'
              ? 'Every listener has handled its events.'
              : 'No listener is trying anything again at the moment.'}
          </Empty>
        </Card>
      ) : (
        <Card withBorder p={0} className={classes.table} tabIndex={0}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Since</Table.Th>
                <Table.Th>Listener</Table.Th>
                <Table.Th>Event</Table.Th>
                <Table.Th>What went wrong</Table.Th>
                <Table.Th>Attempts</Table.Th>
                <Table.Th />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((row) => (
                <Table.Tr key={`${row.subscription} ${row.eventId}`}>
                  <Table.Td>
                    <Ago at={row.parkedAt} />
                  </Table.Td>
                  <Table.Td>
                    {row.subscription}
                    {row.replayId !== null && (
                      <Text size="xs">
                        <Link
                          to="/admin/replay/$replayId"
                          params={{ replayId: String(row.replayId) }}
                          className={classes.link}
                        >
                          in replay {row.replayId}
                        </Link>
                      </Text>
                    )}
                  </Table.Td>
                  <Table.Td>
                    <Link
                      to="/admin/events/$eventId"
                      params={{ eventId: row.eventId }}
                      className={classes.link}
                    >
                      {row.type}
                    </Link>
                  </Table.Td>
                  <Table.Td maw={420}>
                    <Tooltip label={row.lastError} multiline maw={480} disabled={row.lastError === null}>
                      <Text size="sm" lineClamp={2} c="red">
                        {row.lastError ?? '–'}
                      </Text>
                    </Tooltip>
                  </Table.Td>
                  <Table.Td>
                    {row.attempts}
                    {row.status === 'waiting' && (
                      <Text size="xs" c="dimmed">
                        again {exactTime(row.retryAt)}
                      </Text>
                    )}
                  </Table.Td>
                  <Table.Td>
                    {me.role === 'admin' && (
                      <Group gap={6} wrap="nowrap" justify="flex-end">
                        <Button
                          size="compact-xs"
                          variant="light"
                          onClick={() => void act('retry', oneOf(row))}
                        >
                          Retry
                        </Button>
                        <Button size="compact-xs" variant="default" onClick={() => setEdited(row)}>
                          Edit
                        </Button>
                        <Button
                          size="compact-xs"
                          variant="subtle"
                          color="red"
                          onClick={() =>
                            modals.confirm({
                              title: 'Discard this one?',
                              text: `${row.subscription} will not look at this event any more. It stays in the log.`,
                              action: 'Discard',
                              onConfirm: () => act('discard', oneOf(row)),
                            })
                          }
                        >
                          Discard
                        </Button>
                      </Group>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Card>
      )}
      <EarlierOnes of={list} />
      {edited && <EditDialog parked={edited} onClose={() => setEdited(undefined)} onDone={refresh} />}
    </AdminPage>
  );
}

/** Has an event handled with other data; the log itself is never changed. */
function EditDialog({
  parked,
  onClose,
  onDone,
}: {
  parked: ParkedEvent;
  onClose: () => void;
  onDone: () => void;
}) {
  const story = useQuery({
    queryKey: ['event', parked.eventId],
    queryFn: () => api.rest.admin.eventStory(parked.eventId),
  });
  const [text, setText] = useState<string>();
  const [fault, setFault] = useState<string>();
  const shown = text ?? (story.data ? JSON.stringify(story.data.event.data, null, 2) : '');

  async function retry(): Promise<void> {
    try {
      const { eventId, subscription } = parked;
      await api.rest.admin.retryDeadLetters({ eventId, subscription }, JSON.parse(shown));
      notifications.show({ message: 'Tried again with your data.' });
      onDone();
      onClose();
    } catch (error) {
      setFault(error instanceof SyntaxError ? 'This is not JSON yet.' : errorMessage(error));
    }
  }

  return (
    <Modal opened onClose={onClose} title={`Edit what ${parked.subscription} gets`} size="lg">
      <Stack>
        <FormError text={fault} />
        <Text size="sm" c="dimmed">
          The listener handles this in place of the event’s data. The log stays as it is, and the audit log
          keeps who did it.
        </Text>
        <JsonInput
          aria-label="Data of the event"
          value={shown}
          onChange={setText}
          formatOnBlur
          autosize
          minRows={10}
          maxRows={24}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12.5 } }}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button onClick={() => void retry()} disabled={story.isPending}>
            Retry with this
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

import { Badge, Card, Group, Select, Table, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconActivity } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../session/session.ts';
import { Empty, Failure, Loading } from '../shared/states.tsx';
import { Ago } from '../shared/time.tsx';
import classes from './admin.module.css';
import { AdminPage } from './admin-page.tsx';
import type { Items, LoggedEvent } from './api-types.ts';
import { EarlierOnes } from './earlier-ones.tsx';
import { summaryOf } from './event-summary.ts';
import { eventTypes } from './event-types.ts';

/** The log as it grows. */
export function EventsPage() {
  const search = useSearch({ strict: false }) as { key?: string; sessionId?: string };
  const [type, setType] = useState<string | null>(null);
  const [key, setKey] = useState(search.key ?? '');
  const [sessionId, setSessionId] = useState(search.sessionId ?? '');
  const [filter] = useDebouncedValue({ type, key: key.trim(), sessionId: sessionId.trim() }, 250);
  const events = useInfiniteQuery({
    queryKey: ['events', filter],
    queryFn: ({ pageParam }) =>
      api.call<Items<LoggedEvent>>('GET', '/v1/admin/events', {
        query: {
          limit: 50,
          type: filter.type ?? undefined,
          key: filter.key === '' ? undefined : filter.key,
          sessionId: filter.sessionId === '' ? undefined : filter.sessionId,
          cursor: pageParam,
        },
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  const rows = events.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <AdminPage
      title="Events"
      about="Everything that happened, newest first, as it happens. Open one for its whole story."
    >
      <Group gap="sm">
        <Select
          aria-label="Kind of event"
          placeholder="All kinds"
          data={eventTypes}
          value={type}
          onChange={setType}
          clearable
          searchable
          w={280}
        />
        <TextInput
          aria-label="Conversation"
          placeholder="Conversation, as 1/web:…"
          value={key}
          onChange={(event) => setKey(event.currentTarget.value)}
          w={260}
        />
        <TextInput
          aria-label="Session number"
          placeholder="Session number"
          inputMode="numeric"
          value={sessionId}
          onChange={(event) => setSessionId(event.currentTarget.value.replace(/\D/g, ''))}
          w={150}
        />
      </Group>
      {events.isPending ? (
        <Loading />
      ) : events.isError ? (
        <Failure error={events.error} onRetry={() => void events.refetch()} />
      ) : rows.length === 0 ? (
        <Card withBorder>
          <Empty icon={<IconActivity size={34} stroke={1.4} />} title="No event fits">
            The first message of a customer is the first event.
          </Empty>
        </Card>
      ) : (
        <Card withBorder p={0} className={classes.table} tabIndex={0}>
          <Table highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>When</Table.Th>
                <Table.Th>Event</Table.Th>
                <Table.Th>What</Table.Th>
                <Table.Th>Conversation</Table.Th>
                <Table.Th>App</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((event) => (
                <Table.Tr key={event.id}>
                  <Table.Td w={90}>
                    <Ago at={event.occurredAt} />
                  </Table.Td>
                  <Table.Td w={280}>
                    <Link to="/admin/events/$eventId" params={{ eventId: event.id }} className={classes.link}>
                      {event.type}
                    </Link>
                  </Table.Td>
                  <Table.Td>
                    <Text size="sm" lineClamp={1}>
                      {summaryOf(event)}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    <Text className={classes.mono} truncate maw={260} c="dimmed">
                      {event.key}
                    </Text>
                  </Table.Td>
                  <Table.Td w={60}>
                    <Badge color="gray" size="sm">
                      {event.appId}
                    </Badge>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Card>
      )}
      <EarlierOnes of={events} />
    </AdminPage>
  );
}

import { Badge, Button, Card, Group, Table, Text } from '@mantine/core';
import { IconActivity, IconPlayerPause, IconPlayerPlay, IconRepeat } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useMe } from '../../session/use-session.ts';
import { Empty, Failure, Loading } from '../../shared/states.tsx';
import { Ago, exactTime } from '../../shared/time.tsx';
import classes from '../shared/admin.module.css';
import { AdminPage } from '../shared/admin-page.tsx';
import { EarlierOnes } from '../shared/earlier-ones.tsx';
import { useEventStream } from '../shared/use-event-stream.ts';
import { type EventFilter, useEventFilter } from './event-filter.ts';
import { EventFilters } from './event-filters.tsx';
import { summaryOf } from './event-summary.ts';
import { meaningOf } from './event-types.ts';
import { OutcomeBadge } from './outcome-badge.tsx';

/** The log as it grows. */
export function EventsPage() {
  const me = useMe();
  const { filter, change, clear } = useEventFilter();
  const { list, events, searchedTo, isPaused, missed, pause, resume } = useEventStream(filter);
  const isNarrow = Object.keys(filter).length > 0;
  return (
    <AdminPage
      title="Events"
      about="Everything that happened, newest first, as it happens. Open one for its whole story."
      actions={
        <>
          {me.role === 'admin' && (
            <Button
              component={Link}
              {...{ to: '/admin/replay', search: replayOf(filter) as never }}
              variant="default"
              size="xs"
              leftSection={<IconRepeat size={15} />}
            >
              Run these again …
            </Button>
          )}
          {isPaused ? (
            <Button size="xs" leftSection={<IconPlayerPlay size={15} />} onClick={resume}>
              Go on
            </Button>
          ) : (
            <Button size="xs" variant="default" leftSection={<IconPlayerPause size={15} />} onClick={pause}>
              Pause
            </Button>
          )}
        </>
      }
    >
      <EventFilters filter={filter} onChange={change} onClear={clear} />
      {isPaused && (
        <Group gap="xs" role="status">
          <Badge color="yellow">paused</Badge>
          <Text size="sm">
            {missed === '0'
              ? 'Nothing new since.'
              : `${missed} new since: go on to see ${missed === '1' ? 'it' : 'them'}.`}
          </Text>
        </Group>
      )}
      {list.isPending ? (
        <Loading />
      ) : list.isError ? (
        <Failure error={list.error} onRetry={() => void list.refetch()} />
      ) : events.length === 0 ? (
        <Card withBorder>
          <Empty
            icon={<IconActivity size={34} stroke={1.4} />}
            title={isNarrow ? 'No event fits' : 'Nothing happened yet'}
          >
            {isNarrow
              ? 'Take a part of the filter away, or look further back.'
              : 'The first message of a customer is the first event.'}
          </Empty>
        </Card>
      ) : (
        <Card withBorder p={0} className={classes.table} tabIndex={0}>
          <Table highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>When</Table.Th>
                <Table.Th>What happened</Table.Th>
                <Table.Th>More of it</Table.Th>
                <Table.Th>What became of it</Table.Th>
                <Table.Th>Conversation</Table.Th>
                <Table.Th>App</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {events.map((event) => (
                <Table.Tr key={event.id}>
                  <Table.Td w={80}>
                    <Ago at={event.occurredAt} />
                  </Table.Td>
                  <Table.Td w={290}>
                    <Link to="/admin/events/$eventId" params={{ eventId: event.id }} className={classes.link}>
                      {meaningOf(event.type)}
                    </Link>
                    <Text size="xs" c="dimmed">
                      {event.type}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    <Text size="sm" lineClamp={2}>
                      {summaryOf(event)}
                    </Text>
                  </Table.Td>
                  <Table.Td w={140}>
                    <OutcomeBadge outcome={event.outcome} />
                  </Table.Td>
                  <Table.Td>
                    <button
                      type="button"
                      className={classes.narrow}
                      title={`Only ${event.key}`}
                      onClick={() => change({ key: event.key })}
                    >
                      {event.key}
                    </button>
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
      {searchedTo && (
        <Text size="sm" c="dimmed" ta="center">
          Looked back to {exactTime(searchedTo)}.
        </Text>
      )}
      <EarlierOnes of={list} />
    </AdminPage>
  );
}

/** The part of the filter that a replay understands. */
function replayOf({ type, appId, key, from, until }: EventFilter) {
  return {
    ...(type ? { types: type } : {}),
    ...(appId ? { appId } : {}),
    ...(key ? { key } : {}),
    ...(from ? { from } : {}),
    ...(until ? { until } : {}),
  };
}

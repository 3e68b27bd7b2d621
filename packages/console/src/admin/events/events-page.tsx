import { Badge, Button, Group, Table, Text } from '@mantine/core';
import type { ListedEvent } from '@mevrik/protocol';
import { IconActivity, IconArchive, IconPlayerPause, IconPlayerPlay, IconRepeat } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useMe } from '../../session/use-session.ts';
import { ButtonLink } from '../../shared/links.tsx';
import { Ago } from '../../shared/time.tsx';
import type { ReplaySearch } from '../replays/replay-search.ts';
import classes from '../shared/admin.module.css';
import { AdminPage } from '../shared/admin-page.tsx';
import { RowList } from '../shared/row-list.tsx';
import { SearchedTo } from '../shared/searched-to.tsx';
import { useEventStream } from '../shared/use-event-stream.ts';
import { type EventLogFilter, useEventFilter } from './event-filter.ts';
import { EventFilters } from './event-filters.tsx';
import { summaryOf } from './event-summary.ts';
import { meaningOf } from './event-types.ts';
import { OutcomeBadge } from './outcome-badge.tsx';

/** The event log, updated live. */
export function EventsPage() {
  const { filter, change, clear } = useEventFilter();
  const { list, searchedTo, isPaused, missed, pause, resume } = useEventStream(filter);
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <AdminPage
      title="Event log"
      about="All events, newest first, updated live. Open one to see its causes and effects."
      actions={<PageActions filter={filter} isPaused={isPaused} pause={pause} resume={resume} />}
    >
      <EventFilters filter={filter} onChange={change} onClear={clear} />
      {isPaused && (
        <Group gap="xs" role="status">
          <Badge color="yellow">Paused</Badge>
          <Text size="sm">
            {missed === '0'
              ? 'No new events.'
              : `${missed} new ${missed === '1' ? 'event' : 'events'}. Resume to show ${missed === '1' ? 'it' : 'them'}.`}
          </Text>
        </Group>
      )}
      <RowList
        list={list}
        columns={['Time', 'Event', 'Details', 'Result', 'Conversation', 'App']}
        row={(event) => <EventRow key={event.id} event={event} onSelectKey={(key) => change({ key })} />}
        empty={{
          icon: <IconActivity size={34} stroke={1.4} />,
          title: isFiltered ? 'No matching events' : 'No events yet',
          text: isFiltered
            ? 'Remove a filter or extend the time range.'
            : 'The first customer message creates the first event.',
        }}
      />
      <SearchedTo at={searchedTo} />
    </AdminPage>
  );
}

function PageActions(props: {
  filter: EventLogFilter;
  isPaused: boolean;
  pause: () => void;
  resume: () => void;
}) {
  const { filter, isPaused, pause, resume } = props;
  const me = useMe();
  return (
    <>
      {me.role === 'admin' && (
        <ButtonLink
          to="/admin/replay"
          search={replayOf(filter)}
          variant="default"
          size="xs"
          leftSection={<IconRepeat size={15} />}
        >
          Replay these…
        </ButtonLink>
      )}
      <ButtonLink
        to="/admin/events/archive"
        search={{ ...(filter.appId ? { appId: filter.appId } : {}) }}
        variant="default"
        size="xs"
        leftSection={<IconArchive size={15} />}
      >
        Archive
      </ButtonLink>
      {isPaused ? (
        <Button size="xs" leftSection={<IconPlayerPlay size={15} />} onClick={resume}>
          Resume
        </Button>
      ) : (
        <Button size="xs" variant="default" leftSection={<IconPlayerPause size={15} />} onClick={pause}>
          Pause
        </Button>
      )}
    </>
  );
}

function EventRow({ event, onSelectKey }: { event: ListedEvent; onSelectKey: (key: string) => void }) {
  return (
    <Table.Tr>
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
          className={classes.filterLink}
          title={`Show only ${event.key}`}
          onClick={() => onSelectKey(event.key)}
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
  );
}

/** The part of a filter that a replay supports. */
function replayOf({ type, appId, key, from, until }: EventLogFilter): ReplaySearch {
  return {
    ...(type ? { types: type } : {}),
    ...(appId ? { appId } : {}),
    ...(key ? { key } : {}),
    ...(from ? { from } : {}),
    ...(until ? { until } : {}),
  };
}

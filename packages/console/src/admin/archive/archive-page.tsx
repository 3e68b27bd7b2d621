import { Badge, Button, Group, Table, Text } from '@mantine/core';
import type { EventSegment } from '@mevrik/protocol';
import { IconActivity, IconArchive, IconArrowLeft, IconFilterOff } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { api } from '../../session/session.ts';
import { useMe } from '../../session/use-session.ts';
import { fileSize } from '../../shared/file-size.ts';
import { ButtonLink } from '../../shared/links.tsx';
import { notifyFailure } from '../../shared/notify-failure.ts';
import { exactTime, fullDate } from '../../shared/time.tsx';
import { usePages } from '../../shared/use-pages.ts';
import classes from '../shared/admin.module.css';
import { AdminPage } from '../shared/admin-page.tsx';
import { AppSelect, TimeInput } from '../shared/filter-inputs.tsx';
import { RowList } from '../shared/row-list.tsx';
import { type ArchiveSearch, archiveQuery, readArchiveSearch } from './archive-search.ts';

/** Loading a part takes seconds; the list follows it. */
const pollMs = 2_000;

const statuses = {
  archived: { color: 'gray', word: 'Archived' },
  loading: { color: 'blue', word: 'Loading' },
  loaded: { color: 'green', word: 'In the log' },
  failed: { color: 'red', word: 'Failed' },
} as const satisfies Record<EventSegment['status'], { color: string; word: string }>;

/** The events that were moved out of the log. They can be loaded back. */
export function ArchivePage() {
  const search = useSearch({ from: '/admin/events/archive' });
  const navigate = useNavigate();
  const change = (next: { readonly [Name in keyof ArchiveSearch]?: string | undefined }) =>
    void navigate({ to: '.', search: readArchiveSearch({ ...search, ...next }), replace: true });
  const list = usePages({
    queryKey: ['archive', search],
    meta: { live: ['activity'] },
    load: (start) => api.rest.admin.eventArchive({ limit: 50, ...archiveQuery(search), ...start }),
    refetchInterval: pollMs,
  });
  const isEmpty = list.data?.pages[0]?.items.length === 0;
  const isFiltered = Object.keys(search).length > 0;
  return (
    <AdminPage
      title="Event archive"
      about="Events that are too old for the log, by app and day. Load a day to search, open and replay its events like all others; it leaves the log again after a week."
      actions={
        <ButtonLink to="/admin/events" variant="default" size="xs" leftSection={<IconArrowLeft size={15} />}>
          Event log
        </ButtonLink>
      }
    >
      <div className={classes.fields}>
        <AppSelect value={search.appId} onChange={(appId) => change({ appId })} />
        <TimeInput label="From" value={search.from} onChange={(from) => change({ from })} />
        <TimeInput label="Until" value={search.until} onChange={(until) => change({ until })} />
        {isFiltered && (
          <Group align="flex-end">
            <Button
              variant="subtle"
              leftSection={<IconFilterOff size={16} />}
              onClick={() => void navigate({ to: '.', search: {} })}
            >
              Clear filters
            </Button>
          </Group>
        )}
      </div>
      {search.eventId && !isEmpty && <SearchedEvent id={search.eventId} />}
      <RowList
        list={list}
        columns={['Day', 'App', 'Events', 'Size', 'Status', '']}
        row={(segment) => <SegmentRow key={segment.id} segment={segment} />}
        empty={{
          icon: <IconArchive size={34} stroke={1.4} />,
          title: isFiltered ? 'No matching events in the archive' : 'Nothing archived yet',
          text: isFiltered
            ? 'They are in the log, or they have been deleted.'
            : 'Events move here when their time in the log ends (EVENT_RETENTION_DAYS).',
        }}
      />
    </AdminPage>
  );
}

/** Which event is looked for: an event itself does not say which app it belongs to while it is archived. */
function SearchedEvent({ id }: { id: string }) {
  return (
    <Group gap="sm" justify="space-between">
      <Text size="sm">
        These archived days may contain the event <span className={classes.mono}>{id}</span>. Load one, then
        open the event.
      </Text>
      <ButtonLink
        to="/admin/events/$eventId"
        params={{ eventId: id }}
        variant="default"
        size="xs"
        leftSection={<IconActivity size={15} />}
      >
        Open event
      </ButtonLink>
    </Group>
  );
}

function SegmentRow({ segment }: { segment: EventSegment }) {
  const { appId, from, until, events, bytes, status } = segment;
  const { color, word } = statuses[status];
  return (
    <Table.Tr>
      <Table.Td w={200}>
        <Text
          size="sm"
          fw={600}
          className={classes.nowrap}
          title={`${exactTime(from)} – ${exactTime(until)}`}
        >
          {fullDate(from)}
        </Text>
      </Table.Td>
      <Table.Td w={60}>
        <Badge color="gray" size="sm">
          {appId}
        </Badge>
      </Table.Td>
      <Table.Td w={100}>{events.toLocaleString()}</Table.Td>
      <Table.Td w={100} className={classes.nowrap}>
        {fileSize(bytes)}
      </Table.Td>
      <Table.Td>
        <Badge color={color}>{word}</Badge>
        <StatusDetail segment={segment} />
      </Table.Td>
      <Table.Td ta="right">
        <RowActions segment={segment} />
      </Table.Td>
    </Table.Tr>
  );
}

function StatusDetail({ segment: { status, loadedUntil, error } }: { segment: EventSegment }) {
  const isFailed = status === 'failed';
  const text = isFailed
    ? error
    : status === 'loaded' && loadedUntil
      ? `Until ${fullDate(loadedUntil)}`
      : null;
  return (
    text && (
      <Text size="xs" c={isFailed ? 'red' : 'dimmed'} mt={2}>
        {text}
      </Text>
    )
  );
}

function RowActions({ segment }: { segment: EventSegment }) {
  const { id, appId, from, until: lastAt, status } = segment;
  const me = useMe();
  const queries = useQueryClient();
  const load = useMutation({
    mutationFn: () => api.rest.admin.loadEventSegment(id),
    onError: (error) => notifyFailure('Could not load these events', error),
    onSettled: () => queries.invalidateQueries({ queryKey: ['archive'] }),
  });
  if (status === 'loaded') {
    // The filter of the log excludes its end.
    const end = new Date(Date.parse(lastAt) + 1_000).toISOString();
    return (
      <ButtonLink
        to="/admin/events"
        search={{ appId: String(appId), from, until: end }}
        variant="light"
        size="compact-xs"
      >
        Show events
      </ButtonLink>
    );
  }
  if (me.role !== 'admin' || status === 'loading') return null;
  return (
    <Button size="compact-xs" variant="light" loading={load.isPending} onClick={() => load.mutate()}>
      {status === 'failed' ? 'Retry' : 'Load'}
    </Button>
  );
}

import { Alert, Button, Group, Stack, Table, Text, Title } from '@mantine/core';
import type { ReplayPreview, ReplayRequest } from '@mevrik/protocol';
import { IconAlertTriangle, IconArchive, IconRepeat } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { AnchorLink } from '../../shared/links.tsx';
import { randomKey } from '../../shared/sdk.ts';
import { exactTime } from '../../shared/time.tsx';
import { summaryOf } from '../events/event-summary.ts';
import classes from '../shared/admin.module.css';
import { modals } from '../shared/confirm.tsx';

/** The preview of a replay, and the button that starts it. */
export function ReplayPreviewView(props: {
  request: ReplayRequest;
  preview: ReplayPreview;
  onRefresh: () => void;
}) {
  const { request, preview, onRefresh } = props;
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [key] = useState(() => randomKey());
  const runs = preview.listeners.reduce((sum, { run }) => sum + run, 0);
  const start = useMutation({
    mutationFn: () => api.rest.admin.startReplay({ ...request, expected: runs }, { key }),
    onSuccess: ({ id }) => {
      void queries.invalidateQueries({ queryKey: ['replays'] });
      void navigate({ to: '/admin/replay/$replayId', params: { replayId: String(id) } });
    },
  });
  const times = `${runs} ${runs === 1 ? 'time' : 'times'}`;
  return (
    <Stack gap="md" component="section" aria-label="Preview">
      <Title order={2}>
        {preview.events === 0
          ? 'No matching events'
          : `${preview.events} matching ${preview.events === 1 ? 'event' : 'events'}; listeners will run ${times}`}
      </Title>
      <ListenerTable preview={preview} />
      {preview.archived > 0 && <ArchivedAlert request={request} archived={preview.archived} />}
      {preview.sample.length > 0 && <EventSample preview={preview} />}
      {runs > 0 && (
        <Alert color="yellow" icon={<IconAlertTriangle size={18} />} title="External effects are repeated">
          {preview.warning}
        </Alert>
      )}
      {start.isError && (
        <Alert color="red" role="alert" title="The replay did not start">
          <Stack gap="xs" align="flex-start">
            {errorMessage(start.error)}
            <Button size="xs" variant="light" color="red" onClick={onRefresh}>
              Refresh preview
            </Button>
          </Stack>
        </Alert>
      )}
      <Group>
        <Button
          leftSection={<IconRepeat size={16} />}
          disabled={runs === 0}
          loading={start.isPending}
          onClick={() =>
            modals.confirm({
              title: 'Replay these events?',
              text: `${preview.listeners.map(({ listener }) => listener).join(', ')} will run ${times}. ${preview.warning}`,
              action: `Run ${times}`,
              onConfirm: () => start.mutate(),
            })
          }
        >
          Run {times}…
        </Button>
      </Group>
    </Stack>
  );
}

/** A warning that older events of the period are not replayed unless they are loaded first. */
function ArchivedAlert({ request, archived }: { request: ReplayRequest; archived: number }) {
  const { appId, from, until, eventId } = request.filter;
  return (
    <Alert
      color="yellow"
      icon={<IconArchive size={18} />}
      title={
        eventId
          ? 'This event may be in the archive'
          : `${archived.toLocaleString()} ${archived === 1 ? 'event' : 'events'} of this period in the archive`
      }
    >
      <Stack gap={6} align="flex-start">
        <Text size="sm">
          {eventId
            ? 'To replay it, load it first.'
            : 'They are not replayed. To include those that match, load them first.'}
        </Text>
        <AnchorLink
          to="/admin/events/archive"
          search={{
            ...(appId ? { appId: String(appId) } : {}),
            ...(from ? { from } : {}),
            ...(until ? { until } : {}),
            ...(eventId ? { eventId } : {}),
          }}
          size="sm"
        >
          Open the archive
        </AnchorLink>
      </Stack>
    </Alert>
  );
}

function ListenerTable({ preview }: { preview: ReplayPreview }) {
  return (
    <div className={classes.table}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Listener</Table.Th>
            <Table.Th ta="right">Will run</Table.Th>
            <Table.Th ta="right">Not applicable</Table.Th>
            <Table.Th ta="right">Not handled yet</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {preview.listeners.map(({ listener, summary, run, skipped, notYet }) => (
            <Table.Tr key={listener}>
              <Table.Td>
                <Text size="sm" fw={600}>
                  {listener}
                </Text>
                <Text size="xs" c="dimmed">
                  {summary}
                </Text>
              </Table.Td>
              <Table.Td ta="right">
                <Text size="sm" fw={650}>
                  {run}
                </Text>
              </Table.Td>
              <Table.Td ta="right">{skipped}</Table.Td>
              <Table.Td ta="right">{notYet}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function EventSample({ preview }: { preview: ReplayPreview }) {
  return (
    <details className={classes.eventSample}>
      <summary>
        {preview.sample.length < preview.events
          ? `First ${preview.sample.length} of ${preview.events} events`
          : 'Events'}
      </summary>
      <ul>
        {preview.sample.map((event) => (
          <li key={event.id}>
            <Link to="/admin/events/$eventId" params={{ eventId: event.id }} className={classes.link}>
              {event.type}
            </Link>{' '}
            <Text span size="sm" c="dimmed">
              {exactTime(event.occurredAt)} · {summaryOf(event)}
            </Text>
          </li>
        ))}
      </ul>
    </details>
  );
}

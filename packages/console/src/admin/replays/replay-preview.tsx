import { Alert, Button, Group, Stack, Table, Text, Title } from '@mantine/core';
import type { ReplayPreview, ReplayRequest } from '@mevrik/protocol';
import { IconAlertTriangle, IconRepeat } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { randomKey } from '../../shared/sdk.ts';
import { exactTime } from '../../shared/time.tsx';
import { summaryOf } from '../events/event-summary.ts';
import classes from '../shared/admin.module.css';
import { modals } from '../shared/confirm.tsx';

/** Exactly what a replay would run, and the button that runs it. */
export function ReplayPreviewView(props: {
  request: ReplayRequest;
  preview: ReplayPreview;
  onAgain: () => void;
}) {
  const { request, preview, onAgain } = props;
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
    <Stack gap="md" component="section" aria-label="What would run">
      <Title order={2}>
        {preview.events === 0
          ? 'No event fits'
          : `${preview.events} ${preview.events === 1 ? 'event fits' : 'events fit'}; listeners would run ${times}`}
      </Title>
      <div className={classes.table}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Listener</Table.Th>
              <Table.Th ta="right">Handles again</Table.Th>
              <Table.Th ta="right">Not concerned</Table.Th>
              <Table.Th ta="right">Has not handled yet</Table.Th>
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
      {preview.sample.length > 0 && (
        <details className={classes.sample}>
          <summary>
            {preview.sample.length < preview.events
              ? `The first ${preview.sample.length} of ${preview.events} events`
              : 'The events'}
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
      )}
      {runs > 0 && (
        <Alert
          color="yellow"
          icon={<IconAlertTriangle size={18} />}
          title="What is done outside is done again"
        >
          {preview.warning}
        </Alert>
      )}
      {start.isError && (
        <Alert color="red" role="alert" title="Nothing was begun">
          <Stack gap="xs" align="flex-start">
            {errorMessage(start.error)}
            <Button size="xs" variant="light" color="red" onClick={onAgain}>
              Look again
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
              title: 'Run these events again?',
              text: `${preview.listeners.map(({ listener }) => listener).join(', ')} will run ${times}. ${preview.warning}`,
              action: `Run ${times}`,
              onConfirm: () => start.mutate(),
            })
          }
        >
          Run {times} …
        </Button>
      </Group>
    </Stack>
  );
}

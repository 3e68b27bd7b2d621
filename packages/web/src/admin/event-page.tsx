import { Alert, Anchor, Badge, Button, Card, Group, Stack, Table, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconArrowLeft, IconRepeat } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { api } from '../session/session.ts';
import { useMe } from '../session/use-session.ts';
import { Failure, Loading } from '../shared/states.tsx';
import { exactTime } from '../shared/time.tsx';
import classes from './admin.module.css';
import { AdminPage } from './admin-page.tsx';
import type { EventStory, ListenerOutcome, LoggedEvent } from './api-types.ts';
import { summaryOf } from './event-summary.ts';
import { JsonView } from './json-view.tsx';
import { OutcomeBadge, outcomeColors } from './outcome-badge.tsx';

/** The whole story of one event: what caused it, what each listener made of it, and what came of that. */
export function EventPage() {
  const { eventId } = useParams({ strict: false }) as { eventId: string };
  const me = useMe();
  const story = useQuery({
    queryKey: ['event', eventId],
    queryFn: () => api.call<EventStory>('GET', `/v1/admin/events/${encodeURIComponent(eventId)}`),
  });
  if (story.isPending) return <Loading />;
  if (story.isError) return <Failure error={story.error} onRetry={() => void story.refetch()} />;
  const { event, listeners, chain } = story.data;
  const again = listeners.filter(({ outcome }) => outcome === 'done').map(({ listener }) => listener);
  const stuck = listeners.filter(({ outcome }) => outcome === 'dead' || outcome === 'parked');
  return (
    <AdminPage
      title={event.type}
      about={summaryOf(event)}
      actions={
        <>
          {me.role === 'admin' && (
            <Button
              component={Link}
              {...{ to: '/admin/replay', search: { eventId, listeners: again.join(',') } as never }}
              variant="default"
              size="xs"
              leftSection={<IconRepeat size={15} />}
            >
              Run again …
            </Button>
          )}
          <Button
            component={Link}
            to="/admin/events"
            variant="default"
            size="xs"
            leftSection={<IconArrowLeft size={15} />}
          >
            All events
          </Button>
        </>
      }
    >
      {stuck.map(({ listener, outcome, failures }) => (
        <Alert
          key={listener}
          color={outcome === 'dead' ? 'red' : 'yellow'}
          icon={<IconAlertTriangle size={18} />}
          title={
            outcome === 'dead'
              ? `${listener} gave up: it needs a person`
              : `${listener} failed, and tries again`
          }
        >
          <Stack gap={6} align="flex-start">
            <Text size="sm">{failures.at(-1)?.error ?? 'No reason was noted.'}</Text>
            <Anchor component={Link} to="/admin/dead-letters" size="sm">
              Retry, edit or discard it
            </Anchor>
          </Stack>
        </Alert>
      ))}
      <Card withBorder>
        <Title order={2} mb="sm">
          What caused it, and what came of it
        </Title>
        <Chain chain={chain} current={event} />
      </Card>
      <Card withBorder>
        <Title order={2} mb="sm">
          Listeners
        </Title>
        <Waterfall event={event} listeners={listeners} />
      </Card>
      <div className={classes.twoColumns}>
        <Stack gap="xs">
          <Title order={2}>Data</Title>
          <JsonView value={event.data} label="Data of the event" />
        </Stack>
        <Stack gap="xs">
          <Title order={2}>Facts</Title>
          <Card withBorder p={0}>
            <Table variant="vertical">
              <Table.Tbody>
                {(
                  [
                    ['Event', event.id],
                    ['When', exactTime(event.occurredAt)],
                    ['App', String(event.appId)],
                    ['Conversation', event.key],
                    ['Caused by', event.causationId ?? 'nothing before it'],
                    ['Trace', event.correlationId],
                    [
                      'Place in the log',
                      event.partition === undefined ? undefined : `${event.partition} / ${event.offset}`,
                    ],
                  ] as const
                ).map(([name, value]) =>
                  value === undefined ? null : (
                    <Table.Tr key={name}>
                      <Table.Th w={140}>{name}</Table.Th>
                      <Table.Td className={classes.mono}>{value}</Table.Td>
                    </Table.Tr>
                  ),
                )}
              </Table.Tbody>
            </Table>
          </Card>
        </Stack>
      </div>
    </AdminPage>
  );
}

/** Causes above what they caused, which is set in. */
function Chain({ chain, current }: { chain: readonly LoggedEvent[]; current: LoggedEvent }) {
  const all = chain.some(({ id }) => id === current.id) ? chain : [current, ...chain];
  const known = new Set(all.map(({ id }) => id));
  const start = Math.min(...all.map(({ occurredAt }) => Date.parse(occurredAt)));
  const lines: { event: LoggedEvent; depth: number }[] = [];
  const add = (event: LoggedEvent, depth: number) => {
    lines.push({ event, depth });
    for (const next of all) if (next.causationId === event.id) add(next, depth + 1);
  };
  for (const event of all) if (event.causationId === null || !known.has(event.causationId)) add(event, 0);
  return (
    <Stack gap={2}>
      {lines.map(({ event, depth }) => (
        <Link
          key={event.id}
          to="/admin/events/$eventId"
          params={{ eventId: event.id }}
          className={classes.step}
          aria-current={event.id === current.id}
        >
          <Group gap={8} wrap="nowrap" style={{ paddingInlineStart: depth * 22 }}>
            {depth > 0 && (
              <Text c="dimmed" aria-hidden>
                └
              </Text>
            )}
            <Text size="sm" fw={600} truncate>
              {event.type}
            </Text>
          </Group>
          <Group gap="sm" wrap="nowrap" justify="space-between">
            <Text size="sm" c="dimmed" lineClamp={1}>
              {summaryOf(event)}
            </Text>
            <Badge color="gray" size="sm" style={{ flexShrink: 0 }}>
              +{Date.parse(event.occurredAt) - start} ms
            </Badge>
          </Group>
        </Link>
      ))}
    </Stack>
  );
}

/** When each listener was at work, on one line of time. */
function Waterfall({ event, listeners }: { event: LoggedEvent; listeners: readonly ListenerOutcome[] }) {
  const from = Date.parse(event.occurredAt);
  const ends = listeners.flatMap(({ finishedAt }) => (finishedAt ? [Date.parse(finishedAt)] : []));
  const span = Math.max(1, Math.max(from, ...ends) - from);
  return (
    <Stack gap={2}>
      {listeners.map((one) => {
        const begun = one.startedAt ? Date.parse(one.startedAt) - from : 0;
        const took = one.durationMs ?? 0;
        return (
          <div key={one.listener} className={classes.step}>
            <Group gap="xs" wrap="nowrap">
              <Text size="sm" fw={550} truncate>
                {one.listener}
              </Text>
              <OutcomeBadge outcome={one.outcome} />
              {one.attempt !== null && one.attempt > 1 && (
                <Badge size="sm" color="yellow">
                  attempt {one.attempt}
                </Badge>
              )}
            </Group>
            <Group gap="sm" wrap="nowrap">
              <div className={classes.track} style={{ flex: 1 }}>
                {one.startedAt && (
                  <div
                    className={classes.bar}
                    style={{
                      insetInlineStart: `${Math.min(98, (Math.max(0, begun) / span) * 100)}%`,
                      width: `${Math.min(100, (took / span) * 100)}%`,
                      background: `var(--mantine-color-${outcomeColors[one.outcome]}-6)`,
                    }}
                  />
                )}
              </div>
              <Text size="xs" c="dimmed" w={120} ta="right" className={classes.mono}>
                {one.startedAt ? `+${Math.max(0, begun)} ms, took ${Math.round(took)}` : '–'}
              </Text>
            </Group>
          </div>
        );
      })}
    </Stack>
  );
}

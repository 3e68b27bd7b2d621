import { Alert, Badge, Card, Stack, Table, Text, Title } from '@mantine/core';
import type { EventStory, ListenerOutcome, LoggedEvent } from '@mevrik/protocol';
import { IconActivity, IconAlertTriangle, IconArrowLeft, IconRepeat } from '@tabler/icons-react';
import { Link, useParams } from '@tanstack/react-router';
import { useMe } from '../../session/use-session.ts';
import { AnchorLink, ButtonLink } from '../../shared/links.tsx';
import { MevrikError } from '../../shared/sdk.ts';
import { Empty, Failure, Loading } from '../../shared/states.tsx';
import { Ago, exactTime } from '../../shared/time.tsx';
import { entryColors, entryWords, failedReplays } from '../replays/replay-words.ts';
import classes from '../shared/admin.module.css';
import { AdminPage } from '../shared/admin-page.tsx';
import { JsonView } from '../shared/json-view.tsx';
import { useEventStory } from '../shared/queries.ts';
import { meaningOf } from './event-types.ts';
import { StoryView } from './story-view.tsx';
import { storyInWords } from './story-words.ts';

/** One event: its cause, the result at each listener, and the events that followed. */
export function EventDetailsPage() {
  const { eventId } = useParams({ from: '/admin/events/$eventId' });
  const story = useEventStory(eventId);
  if (story.isPending) return <Loading />;
  if (story.error instanceof MevrikError && story.error.status === 404) return <MissingEvent id={eventId} />;
  if (story.isError) return <Failure error={story.error} onRetry={() => void story.refetch()} />;
  const { event, listeners, replays } = story.data;
  return (
    <AdminPage
      title={meaningOf(event.type)}
      about={event.type}
      actions={<PageActions event={event} listeners={listeners} />}
    >
      {listeners.map((one) => (
        <ListenerAlert key={one.listener} one={one} />
      ))}
      {failedReplays(replays).map((one) => (
        <ReplayAlert key={one.listener} one={one} />
      ))}
      <Card withBorder>
        <Title order={2} mb="xs">
          Summary
        </Title>
        <ul className={classes.sentences}>
          {storyInWords(story.data).map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      </Card>
      <Card withBorder>
        <Title order={2} mb="sm">
          Causes and effects
        </Title>
        <StoryView story={story.data} />
      </Card>
      {replays.length > 0 && <Replays replays={replays} />}
      <div className={classes.twoColumns}>
        <Stack gap="xs">
          <Title order={2}>Data</Title>
          <JsonView value={event.data} label="Event data" />
        </Stack>
        <Details event={event} />
      </div>
    </AdminPage>
  );
}

/** An event that is not in the log, with the way to look for it in the archive. */
function MissingEvent({ id }: { id: string }) {
  return (
    <Stack align="center" gap={0}>
      <Empty icon={<IconActivity size={34} stroke={1.4} />} title="This event is not in the log">
        It may have been archived. Load the day that contains it, then open it again.
      </Empty>
      <ButtonLink to="/admin/events/archive" search={{ eventId: id }} variant="light" size="xs">
        Search the archive
      </ButtonLink>
    </Stack>
  );
}

function PageActions(props: { event: LoggedEvent; listeners: readonly ListenerOutcome[] }) {
  const { event, listeners } = props;
  const me = useMe();
  const replayable = listeners
    .filter(({ outcome }) => outcome === 'done' || outcome === 'discarded')
    .map(({ listener }) => listener);
  return (
    <>
      {me.role === 'admin' && (
        <ButtonLink
          to="/admin/replay"
          search={{ eventId: event.id, listeners: replayable.join(',') }}
          variant="default"
          size="xs"
          leftSection={<IconRepeat size={15} />}
        >
          Replay…
        </ButtonLink>
      )}
      <ButtonLink to="/admin/events" search={{ key: event.key }} variant="default" size="xs">
        Conversation events
      </ButtonLink>
      <ButtonLink to="/admin/events" variant="default" size="xs" leftSection={<IconArrowLeft size={15} />}>
        Event log
      </ButtonLink>
    </>
  );
}

/** A warning that the last replay of the event failed at a listener. */
function ReplayAlert({ one }: { one: EventStory['replays'][number] }) {
  return (
    <Alert
      color="yellow"
      icon={<IconAlertTriangle size={18} />}
      title={`Replay ${one.replayId} failed at ${one.listener}`}
    >
      <Stack gap={6} align="flex-start">
        <Text size="sm">{one.failures.at(-1)?.error ?? 'No error was recorded.'}</Text>
        <Text size="sm">The original result has not changed.</Text>
        <AnchorLink to="/admin/dead-letters" size="sm">
          Retry or discard it
        </AnchorLink>
      </Stack>
    </Alert>
  );
}

/** A warning that a listener has not handled the event, with a link to the dead letters. */
function ListenerAlert({ one: { listener, outcome, failures } }: { one: ListenerOutcome }) {
  if (outcome !== 'dead' && outcome !== 'parked') return null;
  const isDead = outcome === 'dead';
  return (
    <Alert
      color={isDead ? 'red' : 'yellow'}
      icon={<IconAlertTriangle size={18} />}
      title={isDead ? `${listener} failed and is out of retries` : `${listener} failed and will retry`}
    >
      <Stack gap={6} align="flex-start">
        <Text size="sm">{failures.at(-1)?.error ?? 'No error was recorded.'}</Text>
        <AnchorLink to="/admin/dead-letters" size="sm">
          Retry, edit or discard it
        </AnchorLink>
      </Stack>
    </Alert>
  );
}

/** The replays of the event. */
function Replays({ replays }: { replays: EventStory['replays'] }) {
  return (
    <Card withBorder className={classes.table}>
      <Title order={2} mb="xs">
        Replays
      </Title>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Replay</Table.Th>
            <Table.Th>Time</Table.Th>
            <Table.Th>Started by</Table.Th>
            <Table.Th>Listener</Table.Th>
            <Table.Th>Status</Table.Th>
            <Table.Th>Error</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {replays.map((one) => (
            <Table.Tr key={`${one.replayId} ${one.listener}`}>
              <Table.Td>
                <Link
                  to="/admin/replay/$replayId"
                  params={{ replayId: String(one.replayId) }}
                  className={classes.link}
                >
                  Replay {one.replayId}
                </Link>
              </Table.Td>
              <Table.Td>
                <Ago at={one.createdAt} />
              </Table.Td>
              <Table.Td>{one.actor}</Table.Td>
              <Table.Td>{one.listener}</Table.Td>
              <Table.Td>
                <Badge size="sm" color={entryColors[one.status]}>
                  {entryWords[one.status]}
                </Badge>
              </Table.Td>
              <Table.Td>
                <Text size="sm" c="red" lineClamp={2}>
                  {one.failures.at(-1)?.error}
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}

function Details({ event }: { event: LoggedEvent }) {
  const details = [
    ['Event ID', event.id],
    ['Time', exactTime(event.occurredAt)],
    ['App', String(event.appId)],
    ['Conversation', event.key],
    ['Caused by', event.causationId ?? 'no earlier event'],
    ['Trace', event.correlationId],
    ['Position', `partition ${event.partition}, offset ${event.offset}`],
  ] as const;
  return (
    <Stack gap="xs">
      <Title order={2}>Details</Title>
      <Card withBorder p={0}>
        <Table variant="vertical">
          <Table.Tbody>
            {details.map(([name, value]) => (
              <Table.Tr key={name}>
                <Table.Th w={140}>{name}</Table.Th>
                <Table.Td className={classes.mono}>{value}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Card>
    </Stack>
  );
}

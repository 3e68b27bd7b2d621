import { Alert, Anchor, Badge, Button, Card, Stack, Table, Text, Title } from '@mantine/core';
import type { EventStory, ListenerOutcome, LoggedEvent } from '@mevrik/protocol';
import { IconAlertTriangle, IconArrowLeft, IconRepeat } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { api } from '../../session/session.ts';
import { useMe } from '../../session/use-session.ts';
import { Failure, Loading } from '../../shared/states.tsx';
import { Ago, exactTime } from '../../shared/time.tsx';
import { entryColors, entryWords, failedReplays } from '../replays/replay-words.ts';
import classes from '../shared/admin.module.css';
import { AdminPage } from '../shared/admin-page.tsx';
import { JsonView } from '../shared/json-view.tsx';
import { meaningOf } from './event-types.ts';
import { StoryView } from './story-view.tsx';
import { storyInWords } from './story-words.ts';

/** The whole story of one event: what caused it, what each listener made of it, and what came of that. */
export function EventPage() {
  const { eventId } = useParams({ strict: false }) as { eventId: string };
  const me = useMe();
  const story = useQuery({ queryKey: ['event', eventId], queryFn: () => api.rest.admin.eventStory(eventId) });
  if (story.isPending) return <Loading />;
  if (story.isError) return <Failure error={story.error} onRetry={() => void story.refetch()} />;
  const { event, listeners, replays } = story.data;
  const again = listeners
    .filter(({ outcome }) => outcome === 'done' || outcome === 'discarded')
    .map(({ listener }) => listener);
  return (
    <AdminPage
      title={meaningOf(event.type)}
      about={event.type}
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
            {...{ to: '/admin/events', search: { key: event.key } as never }}
            variant="default"
            size="xs"
          >
            Its conversation
          </Button>
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
      {listeners.map((one) => (
        <Stuck key={one.listener} one={one} />
      ))}
      {failedReplays(replays).map((one) => (
        <Alert
          key={one.listener}
          color="yellow"
          icon={<IconAlertTriangle size={18} />}
          title={`Replay ${one.replayId} failed: ${one.listener} could not handle it again`}
        >
          <Stack gap={6} align="flex-start">
            <Text size="sm">{one.failures.at(-1)?.error ?? 'No reason was noted.'}</Text>
            <Text size="sm">What came of it when it happened stands as it is.</Text>
            <Anchor component={Link} to="/admin/dead-letters" size="sm">
              Retry or discard what the replay left
            </Anchor>
          </Stack>
        </Alert>
      ))}
      <Card withBorder>
        <Title order={2} mb="xs">
          In plain words
        </Title>
        <ul className={classes.words}>
          {storyInWords(story.data).map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      </Card>
      <Card withBorder>
        <Title order={2} mb="sm">
          What caused it, and what came of it
        </Title>
        <StoryView story={story.data} />
      </Card>
      {replays.length > 0 && <Replays replays={replays} />}
      <div className={classes.twoColumns}>
        <Stack gap="xs">
          <Title order={2}>Data</Title>
          <JsonView value={event.data} label="Data of the event" />
        </Stack>
        <Facts event={event} />
      </div>
    </AdminPage>
  );
}

/** That a listener could not handle it when it happened, and what is to be done. */
function Stuck({ one: { listener, outcome, failures } }: { one: ListenerOutcome }) {
  if (outcome !== 'dead' && outcome !== 'parked') return null;
  const isDead = outcome === 'dead';
  return (
    <Alert
      color={isDead ? 'red' : 'yellow'}
      icon={<IconAlertTriangle size={18} />}
      title={isDead ? `${listener} gave up: it needs a person` : `${listener} failed, and tries again`}
    >
      <Stack gap={6} align="flex-start">
        <Text size="sm">{failures.at(-1)?.error ?? 'No reason was noted.'}</Text>
        <Anchor component={Link} to="/admin/dead-letters" size="sm">
          Retry, edit or discard it
        </Anchor>
      </Stack>
    </Alert>
  );
}

/** Each time that somebody had it run again. */
function Replays({ replays }: { replays: EventStory['replays'] }) {
  return (
    <Card withBorder className={classes.table}>
      <Title order={2} mb="xs">
        Run again
      </Title>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Replay</Table.Th>
            <Table.Th>When</Table.Th>
            <Table.Th>Who</Table.Th>
            <Table.Th>Listener</Table.Th>
            <Table.Th>State</Table.Th>
            <Table.Th>What went wrong</Table.Th>
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

function Facts({ event }: { event: LoggedEvent }) {
  const facts = [
    ['Event', event.id],
    ['When', exactTime(event.occurredAt)],
    ['App', String(event.appId)],
    ['Conversation', event.key],
    ['Caused by', event.causationId ?? 'nothing before it'],
    ['Trace', event.correlationId],
    ['Place in the log', `${event.partition} / ${event.offset}`],
  ] as const;
  return (
    <Stack gap="xs">
      <Title order={2}>Facts</Title>
      <Card withBorder p={0}>
        <Table variant="vertical">
          <Table.Tbody>
            {facts.map(([name, value]) => (
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

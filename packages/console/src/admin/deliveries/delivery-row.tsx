import { Badge, Button, Group, List, Table, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { Delivery, DeliveryAttempt, DeliveryState } from '@mevrik/protocol';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { Ago, clockTime, exactTime } from '../../shared/time.tsx';
import classes from '../shared/admin.module.css';

/** How far a message has come, in a word. */
export const stateWords: Readonly<Record<DeliveryState, string>> = {
  queued: 'waits',
  sending: 'is being sent',
  sent: 'sent',
  delivered: 'delivered',
  read: 'read',
  failed: 'failed',
};

const stateColors: Readonly<Record<DeliveryState, string>> = {
  queued: 'yellow',
  sending: 'blue',
  sent: 'teal',
  delivered: 'teal',
  read: 'teal',
  failed: 'red',
};

const outcomeWords: Readonly<Record<DeliveryAttempt['outcome'], string>> = {
  open: 'under way',
  sent: 'taken by the provider',
  temporary: 'did not work, and is tried again',
  permanent: 'refused for good',
  channel_down: 'the channel was down',
  doubtful: 'no answer: it may have arrived',
};

const decisionWords: Readonly<Record<NonNullable<DeliveryAttempt['decision']>, string>> = {
  resend: 'sent again',
  give_up: 'given up',
  arrived: 'the provider told that it arrived',
};

/** A delivery, with its attempts on request, and one more try where it failed. */
export function DeliveryRow({ delivery }: { delivery: Delivery }) {
  const { messageId, sessionId, channel, contactId, status, doubts, error, attempts } = delivery;
  const queries = useQueryClient();
  const [isOpen, setOpen] = useState(false);

  async function retry(): Promise<void> {
    try {
      await api.rest.desk.retryMessage(messageId);
      notifications.show({ message: `Message ${messageId} is sent again.` });
    } catch (fault) {
      notifications.show({ color: 'red', title: 'It was not sent again', message: errorMessage(fault) });
    }
    for (const key of ['deliveries', 'channels']) void queries.invalidateQueries({ queryKey: [key] });
  }

  return (
    <>
      <Table.Tr>
        <Table.Td>
          <Ago at={delivery.createdAt} />
        </Table.Td>
        <Table.Td>
          <Link
            to="/admin/events"
            search={{ sessionId: String(sessionId) } as never}
            className={classes.link}
          >
            {messageId}
          </Link>
        </Table.Td>
        <Table.Td>
          {channel}
          <Text size="xs" c="dimmed" truncate maw={200}>
            {contactId}
          </Text>
        </Table.Td>
        <Table.Td>
          <Group gap={6} wrap="nowrap">
            <Badge color={stateColors[status]}>{stateWords[status]}</Badge>
            {doubts > 0 && <Badge color="yellow">in doubt</Badge>}
          </Group>
          {delivery.nextAttemptAt && attempts.length > 0 && (
            <Text size="xs" c="dimmed" mt={2}>
              not before {clockTime(delivery.nextAttemptAt)}
            </Text>
          )}
        </Table.Td>
        <Table.Td maw={420}>
          <Text size="sm" lineClamp={isOpen ? undefined : 2}>
            {error ?? '–'}
          </Text>
          {delivery.fallbackOf !== null && (
            <Text size="xs" c="dimmed">
              instead of another channel that failed
            </Text>
          )}
        </Table.Td>
        <Table.Td>
          {attempts.length === 0 ? (
            'none yet'
          ) : (
            <Button
              size="compact-xs"
              variant="subtle"
              aria-expanded={isOpen}
              aria-label={`Attempts of message ${messageId}: ${attempts.length}`}
              onClick={() => setOpen(!isOpen)}
            >
              {attempts.length} {isOpen ? '▴' : '▾'}
            </Button>
          )}
        </Table.Td>
        <Table.Td ta="right">
          {status === 'failed' && (
            <Button size="compact-xs" variant="light" onClick={() => void retry()}>
              Send again
            </Button>
          )}
        </Table.Td>
      </Table.Tr>
      {isOpen && (
        <Table.Tr>
          <Table.Td colSpan={7}>
            <List size="sm" spacing={4} pl="md">
              {attempts.map((attempt) => (
                <List.Item key={attempt.id}>{tellAttempt(attempt)}</List.Item>
              ))}
            </List>
          </Table.Td>
        </Table.Tr>
      )}
    </>
  );
}

function tellAttempt({ startedAt, part, outcome, error, decision }: DeliveryAttempt): string {
  const whichPart = part > 0 ? `, part ${part + 1}` : '';
  const why = error === null ? '' : `: ${error}`;
  const then = decision === null ? '' : ` (${decisionWords[decision]})`;
  return `${exactTime(startedAt)}${whichPart}: ${outcomeWords[outcome]}${then}${why}`;
}

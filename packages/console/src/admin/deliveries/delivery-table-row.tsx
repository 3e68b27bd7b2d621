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

/** The label of each delivery status. */
export const stateWords: Readonly<Record<DeliveryState, string>> = {
  queued: 'Queued',
  sending: 'Sending',
  sent: 'Sent',
  delivered: 'Delivered',
  read: 'Read',
  failed: 'Failed',
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
  open: 'in progress',
  sent: 'accepted by the provider',
  temporary: 'failed, will be retried',
  permanent: 'rejected by the provider',
  channel_down: 'the channel was down',
  doubtful: 'no response, may have been delivered',
};

const decisionWords: Readonly<Record<NonNullable<DeliveryAttempt['decision']>, string>> = {
  resend: 'sent again',
  give_up: 'given up',
  arrived: 'the provider confirmed delivery',
};

/** A delivery whose attempts can be shown, and which can be resent if it failed. */
export function DeliveryTableRow({ delivery }: { delivery: Delivery }) {
  const { messageId, sessionId, channel, contactId, status, error, attempts } = delivery;
  const queries = useQueryClient();
  const [isOpen, setOpen] = useState(false);

  async function retry(): Promise<void> {
    try {
      await api.rest.desk.retryMessage(messageId);
      notifications.show({ message: `Message ${messageId} will be sent again.` });
    } catch (reason) {
      notifications.show({
        color: 'red',
        title: 'Could not resend the message',
        message: errorMessage(reason),
      });
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
          <DeliveryStatus delivery={delivery} />
        </Table.Td>
        <Table.Td maw={420}>
          <Text size="sm" lineClamp={isOpen ? undefined : 2}>
            {error ?? '–'}
          </Text>
          {delivery.fallbackOf !== null && (
            <Text size="xs" c="dimmed">
              sent here after another channel failed
            </Text>
          )}
        </Table.Td>
        <Table.Td>
          {attempts.length === 0 ? (
            'None'
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
              Resend
            </Button>
          )}
        </Table.Td>
      </Table.Tr>
      {isOpen && <Attempts of={attempts} />}
    </>
  );
}

function Attempts({ of: attempts }: { of: readonly DeliveryAttempt[] }) {
  return (
    <Table.Tr>
      <Table.Td colSpan={7}>
        <List size="sm" spacing={4} pl="md">
          {attempts.map((attempt) => (
            <List.Item key={attempt.id}>{describeAttempt(attempt)}</List.Item>
          ))}
        </List>
      </Table.Td>
    </Table.Tr>
  );
}

function DeliveryStatus({ delivery }: { delivery: Delivery }) {
  const { status, doubts, attempts } = delivery;
  return (
    <>
      <Group gap={6} wrap="nowrap">
        <Badge color={stateColors[status]}>{stateWords[status]}</Badge>
        {doubts > 0 && <Badge color="yellow">Unconfirmed</Badge>}
      </Group>
      {delivery.nextAttemptAt && attempts.length > 0 && (
        <Text size="xs" c="dimmed" mt={2}>
          next attempt at {clockTime(delivery.nextAttemptAt)}
        </Text>
      )}
    </>
  );
}

function describeAttempt({ startedAt, part, outcome, error, decision }: DeliveryAttempt): string {
  const partLabel = part > 0 ? `, part ${part + 1}` : '';
  const reason = error === null ? '' : `: ${error}`;
  const then = decision === null ? '' : ` (${decisionWords[decision]})`;
  return `${exactTime(startedAt)}${partLabel}: ${outcomeWords[outcome]}${then}${reason}`;
}

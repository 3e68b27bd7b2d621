import { Badge, Button, Group, List, Table, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { Delivery, DeliveryAttempt } from '@mevrik/protocol';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { describeAttempt, stateColors, stateWords } from '../../shared/delivery-words.ts';
import { notifyFailure } from '../../shared/notify-failure.ts';
import { Ago, clockTime } from '../../shared/time.tsx';
import classes from '../shared/admin.module.css';

/** A delivery whose attempts can be shown, and which can be resent if it failed. */
export function DeliveryTableRow({ delivery }: { delivery: Delivery }) {
  const { messageId, sessionId, channel, contactId, status, attempts } = delivery;
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Table.Tr>
        <Table.Td>
          <Ago at={delivery.createdAt} />
        </Table.Td>
        <Table.Td>
          <Link to="/admin/events" search={{ sessionId: String(sessionId) }} className={classes.link}>
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
          <LastError delivery={delivery} isWhole={isOpen} />
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
        <Table.Td ta="right">{status === 'failed' && <RetryButton messageId={messageId} />}</Table.Td>
      </Table.Tr>
      {isOpen && <Attempts of={attempts} />}
    </>
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
          Next attempt at {clockTime(delivery.nextAttemptAt)}
        </Text>
      )}
    </>
  );
}

function LastError({ delivery: { error, fallbackOf }, isWhole }: { delivery: Delivery; isWhole: boolean }) {
  return (
    <>
      <Text size="sm" lineClamp={isWhole ? undefined : 2}>
        {error ?? '–'}
      </Text>
      {fallbackOf !== null && (
        <Text size="xs" c="dimmed">
          Sent here after another channel failed
        </Text>
      )}
    </>
  );
}

function RetryButton({ messageId }: { messageId: number }) {
  const queries = useQueryClient();

  async function retry(): Promise<void> {
    try {
      await api.rest.desk.retryMessage(messageId);
      notifications.show({ message: `Message ${messageId} will be sent again.` });
    } catch (reason) {
      notifyFailure('Could not retry the message', reason);
    }
    for (const key of ['deliveries', 'channels']) void queries.invalidateQueries({ queryKey: [key] });
  }

  return (
    <Button size="compact-xs" variant="light" onClick={() => void retry()}>
      Retry
    </Button>
  );
}

function Attempts({ of: attempts }: { of: readonly DeliveryAttempt[] }) {
  return (
    <Table.Tr>
      <Table.Td colSpan={7}>
        <List size="sm" spacing={4} pl="md" className={classes.rowDetails}>
          {attempts.map((attempt) => (
            <List.Item key={attempt.id}>{describeAttempt(attempt)}</List.Item>
          ))}
        </List>
      </Table.Td>
    </Table.Tr>
  );
}

import { Button, Group, Table, Text, Tooltip } from '@mantine/core';
import type { ParkedEvent, ParkedEventFilter } from '@mevrik/protocol';
import { Link } from '@tanstack/react-router';
import { Ago, exactTime } from '../../shared/time.tsx';
import classes from '../shared/admin.module.css';
import { modals } from '../shared/confirm.tsx';

/** Retries or discards all dead letters that match. */
export type Act = (action: 'discard' | 'retry', filter: ParkedEventFilter) => Promise<void>;

interface RowProps {
  readonly row: ParkedEvent;
  readonly act: Act;
  readonly onEdit: () => void;
}

/** A dead letter; administrators can retry, edit and discard it. */
export function DeadLetterRow({ isAdmin, ...props }: RowProps & { readonly isAdmin: boolean }) {
  const { row } = props;
  return (
    <Table.Tr>
      <Table.Td>
        <Ago at={row.parkedAt} />
      </Table.Td>
      <Table.Td>
        {row.subscription}
        {row.replayId !== null && (
          <Text size="xs">
            <Link
              to="/admin/replay/$replayId"
              params={{ replayId: String(row.replayId) }}
              className={classes.link}
            >
              In replay {row.replayId}
            </Link>
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Link to="/admin/events/$eventId" params={{ eventId: row.eventId }} className={classes.link}>
          {row.type}
        </Link>
      </Table.Td>
      <Table.Td maw={420}>
        <Tooltip label={row.lastError} multiline maw={480} disabled={row.lastError === null}>
          <Text size="sm" lineClamp={2} c="red">
            {row.lastError ?? '–'}
          </Text>
        </Tooltip>
      </Table.Td>
      <Table.Td>
        {row.attempts}
        {row.status === 'waiting' && (
          <Text size="xs" c="dimmed">
            Retry at {exactTime(row.retryAt)}
          </Text>
        )}
      </Table.Td>
      <Table.Td>{isAdmin && <RowActions {...props} />}</Table.Td>
    </Table.Tr>
  );
}

function RowActions({ row, act, onEdit }: RowProps) {
  const { eventId, subscription } = row;
  const filter = { eventId, subscription };
  return (
    <Group gap={6} wrap="nowrap" justify="flex-end">
      <Button size="compact-xs" variant="light" onClick={() => void act('retry', filter)}>
        Retry
      </Button>
      <Button size="compact-xs" variant="default" onClick={() => onEdit()}>
        Edit
      </Button>
      <Button
        size="compact-xs"
        variant="subtle"
        color="red"
        onClick={() =>
          modals.confirm({
            title: 'Discard this event?',
            text: `${row.subscription} will not handle this event. The event stays in the log.`,
            action: 'Discard',
            onConfirm: () => act('discard', filter),
          })
        }
      >
        Discard
      </Button>
    </Group>
  );
}

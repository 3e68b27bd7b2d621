import { Badge, Button, Table, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { notifyFailure } from '../../shared/notify-failure.ts';
import { Ago } from '../../shared/time.tsx';
import { ExpandableRow } from '../shared/expandable-row.tsx';
import { type InboundStatus, inboundStatuses } from './inbound-statuses.ts';

const kinds = {
  email: { name: 'email', title: 'Email', queryKey: ['emails'] },
  webhookEvent: { name: 'webhook event', title: 'Webhook event', queryKey: ['webhook-events'] },
} as const;

/** Something that a channel received, and how far it was processed. */
interface InboundRecord {
  readonly id: number;
  readonly receivedAt: string;
  readonly channel: string;
  readonly status: InboundStatus;
}

/** An inbound email or webhook event, with its content on demand. It can be processed again. */
export function InboundRow(props: {
  kind: keyof typeof kinds;
  record: InboundRecord;
  columns: number;
  /** The cell of the sender, where the table has such a column. */
  sender?: ReactNode;
  /** The provider or the protocol that it came through. */
  origin: string;
  /** Why it was ignored or is not processed yet. */
  reason: ReactNode;
  details: ReactNode;
  processAgain: () => Promise<unknown>;
}) {
  const { kind, record, columns, sender, origin, reason, details, processAgain } = props;
  const { id, receivedAt, channel, status } = record;
  const { color, word } = inboundStatuses[status];
  return (
    <ExpandableRow
      name={`${kinds[kind].name} ${id}`}
      columns={columns}
      details={details}
      actions={<ProcessAgainButton kind={kind} id={id} processAgain={processAgain} />}
    >
      <Table.Td>
        <Ago at={receivedAt} />
      </Table.Td>
      <Table.Td>{id}</Table.Td>
      {sender}
      <Table.Td>
        {channel}{' '}
        {origin !== channel && (
          <Text span size="xs" c="dimmed">
            {origin}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Badge color={color}>{word}</Badge>
      </Table.Td>
      <Table.Td maw={420}>{reason}</Table.Td>
    </ExpandableRow>
  );
}

function ProcessAgainButton(props: {
  kind: keyof typeof kinds;
  id: number;
  processAgain: () => Promise<unknown>;
}) {
  const { kind, id, processAgain } = props;
  const { name, title, queryKey } = kinds[kind];
  const queries = useQueryClient();

  async function run(): Promise<void> {
    try {
      await processAgain();
      notifications.show({ message: `${title} ${id} will be processed again.` });
    } catch (error) {
      notifyFailure(`Could not process the ${name} again`, error);
    }
    void queries.invalidateQueries({ queryKey });
  }

  return (
    <Button size="compact-xs" variant="light" onClick={() => void run()}>
      Process again
    </Button>
  );
}

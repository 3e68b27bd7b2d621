import { Badge } from '@mantine/core';
import { IconAlarm, IconHourglass } from '@tabler/icons-react';
import type { ConversationRow } from '../../shared/sdk.ts';
import { exactTime, span } from '../../shared/time.tsx';
import { slaOf } from './sla.ts';

const colors = { overdue: 'red', soon: 'orange', running: 'gray' } as const;

/** Time left until the first reply is due, or how long it is overdue. */
export function SlaChip({ row, now }: { row: ConversationRow; now: number }) {
  const sla = slaOf(row, now);
  if (!sla) return null;
  const isLate = sla.state === 'overdue';
  return (
    <Badge
      size="xs"
      title={`First reply due ${exactTime(row.case?.firstReplyDueAt ?? '')}`}
      color={colors[sla.state]}
      leftSection={<IconAlarm size={11} />}
      style={{ fontVariantNumeric: 'tabular-nums', flexShrink: 0 }}
    >
      {isLate ? `${span(sla.ms)} overdue` : `Due in ${span(sla.ms)}`}
    </Badge>
  );
}

/** How long the customer has been waiting for an agent. */
export function WaitChip({ row, now }: { row: ConversationRow; now: number }) {
  const since = waitingSinceOf(row);
  if (since === null) return null;
  return (
    <Badge
      size="xs"
      title={`Waiting since ${exactTime(since)}`}
      color="gray"
      leftSection={<IconHourglass size={11} />}
      style={{ fontVariantNumeric: 'tabular-nums', flexShrink: 0 }}
    >
      Waiting {span(now - Date.parse(since))}
    </Badge>
  );
}

/** When the customer began to wait, in the queue or for the agent's reply; `null` if not waiting. */
export function waitingSinceOf({ queueItem, waitingSince }: ConversationRow): string | null {
  return queueItem?.status === 'waiting' ? queueItem.createdAt : waitingSince;
}

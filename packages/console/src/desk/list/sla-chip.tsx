import { Badge } from '@mantine/core';
import { IconAlarm, IconHourglass } from '@tabler/icons-react';
import type { ConversationRow } from '../../shared/sdk.ts';
import { exactTime, span } from '../../shared/time.tsx';
import { slaOf } from './sla.ts';

const colors = { overdue: 'red', soon: 'orange', running: 'gray' } as const;

/** How much time is left for the first answer, or by how much it is late. */
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

/** For how long the customer has been waiting for a person's answer. */
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

/** Since when the customer waits: in the queue, or for the agent's next word; `null` where they do not. */
export function waitingSinceOf({ queueItem, waitingSince }: ConversationRow): string | null {
  return queueItem?.status === 'waiting' ? queueItem.createdAt : waitingSince;
}

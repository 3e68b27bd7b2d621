import { Badge } from '@mantine/core';
import type { ConversationRow } from '../../shared/sdk.ts';
import { priorityLabels } from './conversation-labels.ts';

/** The priority of a conversation in a queue, unless it is normal. */
export function PriorityBadge({ row: { queueItem } }: { row: ConversationRow }) {
  if (queueItem === null || queueItem.priority === 'normal') return null;
  return (
    <Badge size="xs" color={queueItem.priority === 'low' ? 'gray' : 'orange'}>
      {priorityLabels[queueItem.priority]}
    </Badge>
  );
}

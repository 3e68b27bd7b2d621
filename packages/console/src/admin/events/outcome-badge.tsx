import { Badge } from '@mantine/core';
import type { EventOutcome, ListenerOutcome } from '@mevrik/protocol';

/** The color of each result, at one listener or at all of them. */
const outcomeColors = {
  done: 'teal',
  handled: 'teal',
  skipped: 'gray',
  pending: 'blue',
  waiting: 'blue',
  parked: 'yellow',
  dead: 'red',
  discarded: 'gray',
} as const;

/** The label of each result of an event across its listeners. */
export const outcomeWords = {
  handled: 'Done',
  waiting: 'Pending',
  parked: 'Retrying',
  dead: 'Failed',
  discarded: 'Discarded',
} as const satisfies Record<EventOutcome, string>;

const words = {
  ...outcomeWords,
  done: 'Done',
  skipped: 'Not applicable',
  pending: 'Pending',
} as const;

/** The result of an event as a badge. */
export function OutcomeBadge({ outcome }: { outcome: EventOutcome | ListenerOutcome['outcome'] }) {
  return (
    <Badge color={outcomeColors[outcome]} size="sm">
      {words[outcome]}
    </Badge>
  );
}

import { Badge } from '@mantine/core';
import type { EventOutcome, ListenerOutcome } from '@mevrik/protocol';
import { outcomeWords } from './outcome-words.ts';

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

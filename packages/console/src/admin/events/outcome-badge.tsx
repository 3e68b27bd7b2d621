import { Badge } from '@mantine/core';
import type { EventOutcome, ListenerOutcome } from '@mevrik/protocol';

/** The colour of what became of an event at a listener, or at all of them. */
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

/** What became of an event at all of its listeners, in words. */
export const outcomeWords = {
  handled: 'done',
  waiting: 'waits',
  parked: 'is tried again',
  dead: 'needs a person',
  discarded: 'discarded',
} as const satisfies Record<EventOutcome, string>;

const words = {
  ...outcomeWords,
  done: 'done',
  skipped: 'not concerned',
  pending: 'waits',
} as const;

/** What became of an event, in a word. */
export function OutcomeBadge({ outcome }: { outcome: EventOutcome | ListenerOutcome['outcome'] }) {
  return (
    <Badge color={outcomeColors[outcome]} size="sm">
      {words[outcome]}
    </Badge>
  );
}

import { Badge } from '@mantine/core';
import type { ListenerOutcome } from './api-types.ts';

/** The colour of what became of an event at a listener. */
export const outcomeColors = {
  done: 'teal',
  skipped: 'gray',
  pending: 'blue',
  parked: 'yellow',
  dead: 'red',
} as const;

const words = {
  done: 'done',
  skipped: 'not concerned',
  pending: 'waits',
  parked: 'is tried again',
  dead: 'needs a person',
} as const;

/** What became of an event at a listener, in a word. */
export function OutcomeBadge({ outcome }: { outcome: ListenerOutcome['outcome'] }) {
  return (
    <Badge color={outcomeColors[outcome]} size="sm">
      {words[outcome]}
    </Badge>
  );
}

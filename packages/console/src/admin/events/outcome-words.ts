import type { EventOutcome } from '@mevrik/protocol';

/** The label of each result of an event across its listeners. */
export const outcomeWords = {
  handled: 'Done',
  waiting: 'Pending',
  parked: 'Retrying',
  dead: 'Failed',
  discarded: 'Discarded',
} as const satisfies Record<EventOutcome, string>;

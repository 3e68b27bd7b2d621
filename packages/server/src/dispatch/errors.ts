import { cutText, storableText } from '@mevrik/protocol';
import { isConflict, isDatabaseUnavailable } from '../db/database-errors.ts';

/** Another node has moved the checkpoint, so this transaction must not commit. */
export class FencedError extends Error {
  override readonly name = 'FencedError';
}

/** How the record of an attempt that ran out of time begins. */
export const timeoutErrorName = 'ListenerTimeoutError';

/** A listener exceeded its time limit. */
export class ListenerTimeoutError extends Error {
  override readonly name = timeoutErrorName;
  readonly limitMs: number;

  constructor(limitMs: number) {
    super(`The listener took longer than ${limitMs} ms.`);
    this.limitMs = limitMs;
  }
}

/** The process ended while an event was handled, so that the event may be what ended it. */
export class ProcessEndedError extends Error {
  override readonly name = 'ProcessEndedError';

  constructor() {
    super('The process ended while it handled this event.');
  }
}

/**
 * Whether the availability of the database, or a concurrent transaction, caused the error and not the event: the batch
 * is retried later without counting an attempt.
 */
export function isInfrastructureError(error: unknown): boolean {
  return isDatabaseUnavailable(error) || isConflict(error);
}

/** Whether an error is caused by the events that were handled, and not by the database or another node. */
export function isCausedByEvent(error: unknown): boolean {
  return !(error instanceof FencedError || isInfrastructureError(error));
}

/** The text of an error for the record of an attempt: its message and those of its causes. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let current = error; current !== undefined && parts.length < 4; ) {
    parts.push(current instanceof Error ? `${current.name}: ${current.message}` : String(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return cutText(storableText(parts.join(' ← ')), 2000);
}

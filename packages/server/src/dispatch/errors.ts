import { connectionLost } from '../db/database.ts';
import { isConflict, sqlState } from '../log/unit-of-work.ts';

/** Another node has moved the checkpoint, so this transaction must not commit. */
export class FencedError extends Error {
  override readonly name = 'FencedError';
}

/** A listener exceeded its time limit. */
export class ListenerTimeoutError extends Error {
  override readonly name = 'ListenerTimeoutError';
  readonly limitMs: number;

  constructor(limitMs: number) {
    super(`The listener took longer than ${limitMs} ms.`);
    this.limitMs = limitMs;
  }
}

const connectionCodes = new Set([connectionLost, 'ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', '53300']);

/**
 * Whether the database's availability caused the error and not the event: the batch is retried later without
 * counting an attempt. Class 57 is operator intervention, 08 connection, 53 resources.
 */
export function isInfrastructureError(error: unknown): boolean {
  const code = sqlState(error);
  if (code === undefined) return false;
  if (code === '57014') return false; // a statement timeout is caused by the listener
  return connectionCodes.has(code) || /^(08|53|57P)/.test(code) || isConflict(error);
}

/** The text of an error for the record of an attempt: its message and those of its causes. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let current = error; current !== undefined && parts.length < 4; ) {
    parts.push(current instanceof Error ? `${current.name}: ${current.message}` : String(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join(' ← ').slice(0, 2000);
}

import { connectionLost } from '../db/database.ts';
import { isConflict, sqlState } from '../log/unit-of-work.ts';

/** Another node has moved the checkpoint: what was being done here is void. */
export class FencedError extends Error {
  override readonly name = 'FencedError';
}

/** A listener took longer than it may. */
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
 * Whether the fault lies with the database's availability and not with the event: the batch is tried again
 * later, and nobody's attempt is counted. Class 57 is operator intervention, 08 connection, 53 resources.
 */
export function isInfrastructureFault(error: unknown): boolean {
  const code = sqlState(error);
  if (code === undefined) return false;
  if (code === '57014') return false; // a statement's own time-out is the listener's doing
  return connectionCodes.has(code) || /^(08|53|57P)/.test(code) || isConflict(error);
}

/** An error as the record of an attempt keeps it: its message and the messages of its causes. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let current = error; current !== undefined && parts.length < 4; ) {
    parts.push(current instanceof Error ? `${current.name}: ${current.message}` : String(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join(' ← ').slice(0, 2000);
}

import { ProblemError } from '@mevrik/protocol';
import type { Sql } from '../db/sql.ts';
import { partitionCount } from './partition.ts';

/** How far the whole log was read: the offset in each partition. Ids cannot say this: they are made before the commit. */
export interface LogPosition {
  /** A restored log has a new epoch, in which the offsets mean other events. */
  readonly epoch: string;
  readonly offsets: readonly number[];
}

/** The end of the log: everything that is committed now. */
export async function readLogEnd(sql: Sql): Promise<LogPosition> {
  const [row] = await sql<{ epoch: string; offsets: number[] }[]>`
    SELECT (SELECT epoch FROM log_epoch) AS epoch, array_agg(head ORDER BY partition) AS offsets FROM log_partitions`;
  if (!row) throw new Error('The database has no log.');
  return row;
}

/** A position as text for the API. */
export function encodePosition({ epoch, offsets }: LogPosition): string {
  return Buffer.from(JSON.stringify([epoch, offsets])).toString('base64url');
}

/**
 * Reads a position that `encodePosition` wrote.
 *
 * @param epoch the current epoch of the log.
 * @throws ProblemError `invalid_input` if it is malformed or of another epoch.
 */
export function decodePosition(text: string, epoch: string): LogPosition {
  const position = parse(text);
  if (!position) throw invalid('is not a position of the log');
  if (position.epoch !== epoch) throw invalid('is a position of a log that was replaced; start without it');
  return position;
}

function parse(text: string): LogPosition | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    // Reported by the caller.
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const [epoch, offsets] = value;
  const isPosition =
    typeof epoch === 'string' &&
    Array.isArray(offsets) &&
    offsets.length === partitionCount &&
    offsets.every((offset) => Number.isSafeInteger(offset) && offset >= 0);
  return isPosition ? { epoch, offsets } : undefined;
}

function invalid(message: string): ProblemError {
  return new ProblemError('invalid_input', `The position ${message}.`, {
    fields: [{ path: 'after', message }],
  });
}

import { ProblemError } from '@mevrik/protocol';
import { decodePosition, encodePosition } from '../db/page.ts';
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

/** The current epoch of the log. */
export async function readLogEpoch(sql: Sql): Promise<string> {
  const [row] = await sql<{ epoch: string }[]>`SELECT epoch FROM log_epoch`;
  if (!row) throw new Error('The database has no log.');
  return row.epoch;
}

/** A position as text for the API. */
export function writeLogPosition({ epoch, offsets }: LogPosition): string {
  return encodePosition([epoch, offsets]);
}

const field = { path: 'after', name: 'position' };

/**
 * Reads a position that `writeLogPosition` returned.
 *
 * @param current the current epoch of the log.
 * @throws ProblemError `invalid_input` if it is malformed or of another epoch.
 */
export function readLogPosition(text: string, current: string): LogPosition {
  const [epoch, offsets] = decodePosition<readonly [string, number[]]>(text, isLogPosition, field);
  if (epoch === current) return { epoch, offsets };
  throw new ProblemError('invalid_input', 'The log was replaced since this position. Start without one.', {
    fields: [{ path: field.path, message: 'is a position of a log that was replaced' }],
  });
}

function isLogPosition([epoch, offsets]: readonly unknown[]): boolean {
  return (
    typeof epoch === 'string' &&
    Array.isArray(offsets) &&
    offsets.length === partitionCount &&
    offsets.every((offset) => Number.isSafeInteger(offset) && offset >= 0)
  );
}

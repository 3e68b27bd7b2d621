import pg from 'pg';
import { errorCode } from './error-code.ts';

/** The code of errors about a lost or refused connection; the driver gives them none. */
const connectionLost = 'CONNECTION_LOST';

/** Errors that a connection to this database threw; those of other systems have the same codes. */
const thrown = new WeakSet<Error>();
/** Those about the connection itself and not about a statement: it could not be made, or it was lost. */
const ofConnection = new WeakSet<Error>();

/** Marks an error as thrown by a statement on a connection to the database. */
export function toDatabaseError(error: Error & { code?: string }): Error {
  const isLost = isAboutConnection(error);
  const marked = isLost && error.code === undefined ? withCode(error) : error;
  thrown.add(marked);
  if (isLost) ofConnection.add(marked);
  return marked;
}

/**
 * PostgreSQL answers with an SQLSTATE. Everything else comes from this end: from the network, which has a code of the
 * system; from the driver, which has none; or from a value that cannot be sent, which says nothing about the connection.
 */
function isAboutConnection(error: Error & { code?: string }): boolean {
  if (error instanceof pg.DatabaseError || error instanceof TypeError || error instanceof RangeError)
    return false;
  return error.code !== undefined || /connection|connect|client|timeout|backend/i.test(error.message);
}

/** Rethrows an error of a statement as one of the database. */
export function rethrowAsDatabaseError(error: Error): never {
  throw toDatabaseError(error);
}

/** Rethrows an error of making a connection, whatever its reason, as one of the database. */
export function rethrowAsConnectionError(error: Error): never {
  const marked = toDatabaseError(error);
  ofConnection.add(marked);
  throw marked;
}

/** An error as a lost connection throws it. */
export function connectionLostError(message: string): Error {
  return toDatabaseError(Object.assign(new Error(message), { code: connectionLost }));
}

function withCode(error: Error): Error {
  return Object.assign(new Error(error.message, { cause: error }), { code: connectionLost });
}

/** The first database error among an error and its causes. */
function databaseErrorOf(error: unknown): Error | undefined {
  for (let current: unknown = error; current instanceof Error; current = current.cause) {
    if (thrown.has(current)) return current;
  }
  return undefined;
}

/** The SQLSTATE, or the system's code, of the first database error among an error and its causes. */
export function databaseErrorCode(error: unknown): string | undefined {
  return errorCode(databaseErrorOf(error));
}

/**
 * Whether the database is unreachable, starting, stopping, read-only or out of resources: the same work may succeed
 * later. Class 08 is the connection, 28 a rejected login, 53 resources, 57P an operator's intervention, 58 the system
 * that PostgreSQL runs on. Managed services make a database read-only (25006) when its disk is full, and when it is no
 * longer the primary.
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  const found = databaseErrorOf(error);
  if (found === undefined) return false;
  return ofConnection.has(found) || /^(08|25006|28|53|57P|58)/.test(errorCode(found) ?? '');
}

/** Whether the database has no disk space left. */
export function isDatabaseFull(error: unknown): boolean {
  return databaseErrorCode(error) === '53100';
}

/** Whether PostgreSQL rolled back because of a concurrent transaction: a deadlock or serialisation failure. */
export function isConflict(error: unknown): boolean {
  const code = databaseErrorCode(error);
  return code === '40P01' || code === '40001';
}

/** Whether a statement exceeded its time limit, or waited too long for a lock. */
export function isTooSlow(error: unknown): boolean {
  const code = databaseErrorCode(error);
  return code === '57014' || code === '55P03';
}

/** Whether a statement violated a unique index. */
export function isDuplicate(error: unknown): boolean {
  return databaseErrorCode(error) === '23505';
}

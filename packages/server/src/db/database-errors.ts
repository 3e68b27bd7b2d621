import { errorCode } from './error-code.ts';

/** The code of errors about a lost or refused connection; the driver gives them none. */
const connectionLost = 'CONNECTION_LOST';
const connectionCodes = new Set([
  connectionLost,
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
]);

/** Errors that a connection to this database threw; those of other systems have the same codes. */
const thrown = new WeakSet<Error>();

/**
 * Marks an error as thrown by a connection to the database. Errors of PostgreSQL and of the system have a code; an error
 * of the driver without one is a lost connection.
 */
export function toDatabaseError(error: Error & { code?: string }): Error {
  const isLost = error.code === undefined && /connection|connect|client|timeout/i.test(error.message);
  const marked = isLost ? withCode(error) : error;
  thrown.add(marked);
  return marked;
}

/** Rethrows an error as one of the database. */
export function rethrowAsDatabaseError(error: Error): never {
  throw toDatabaseError(error);
}

/** An error as a lost connection throws it. */
export function connectionLostError(message: string): Error {
  return toDatabaseError(Object.assign(new Error(message), { code: connectionLost }));
}

function withCode(error: Error): Error {
  return Object.assign(new Error(error.message, { cause: error }), { code: connectionLost });
}

/** The SQLSTATE, or the system's code, of the first database error among an error and its causes. */
export function databaseErrorCode(error: unknown): string | undefined {
  for (let current: unknown = error; current instanceof Error; current = current.cause) {
    if (thrown.has(current)) return errorCode(current);
  }
  return undefined;
}

/**
 * Whether the database is unreachable, starting, stopping or out of resources: the same work may succeed later. Class
 * 08 is the connection, 53 resources, 57P an operator's intervention.
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  const code = databaseErrorCode(error) ?? '';
  return connectionCodes.has(code) || /^(08|53|57P)/.test(code);
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

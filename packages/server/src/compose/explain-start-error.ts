import { ConfigError } from '../config/config.ts';
import { DatabaseUnusableError } from '../db/unusable.ts';
import { WorkersFailedError } from '../processes/crew-messages.ts';

/** SQLSTATEs of a database that does not let us in: wrong user or password, no such database. */
const refusals = new Set(['28P01', '28000', '3D000']);

/** What people can do something about, said in a line; `undefined` for what is our own fault. */
export function explain(error: unknown): string | undefined {
  // Where a name has several addresses, each of them failed.
  const first = error instanceof AggregateError ? error.errors[0] : error;
  if (!(first instanceof Error)) return undefined;
  const { code, syscall, message, cause } = first as NodeJS.ErrnoException;
  if (first instanceof ConfigError || first instanceof WorkersFailedError) return message;
  if (first instanceof DatabaseUnusableError) {
    return cause instanceof Error && 'syscall' in cause ? `${message} (${cause.message})` : message;
  }
  if (code === 'EADDRINUSE') {
    return `The port is in use (${message}). Stop what listens there, or set PORT to another one.`;
  }
  if (syscall === 'listen' || syscall === 'bind')
    return `Cannot listen there (${message}). Check HOST and PORT.`;
  if (syscall === 'connect' || syscall === 'getaddrinfo' || /^(connection|timeout)/i.test(message)) {
    return `The database cannot be reached (${message}). Check DATABASE_URL.`;
  }
  if (code !== undefined && refusals.has(code)) {
    return `The database does not let us in (${message}). Check DATABASE_URL.`;
  }
  return undefined;
}

import { ConfigError } from '../config/config.ts';
import { DatabaseUnusableError } from '../db/unusable.ts';
import { WorkersFailedError } from '../processes/crew-messages.ts';

/** SQLSTATEs of a rejected connection: wrong user or password, unknown database. */
const rejections = new Set(['28P01', '28000', '3D000']);

/** One line for an error that an operator can fix; `undefined` for an unexpected error. */
export function explainStartError(error: unknown): string | undefined {
  // Connecting to a name with several addresses fails with one error for each.
  const first = error instanceof AggregateError ? error.errors[0] : error;
  if (!(first instanceof Error)) return undefined;
  const { code, syscall, message, cause } = first as NodeJS.ErrnoException;
  if (first instanceof ConfigError || first instanceof WorkersFailedError) return message;
  if (first instanceof DatabaseUnusableError) {
    return cause instanceof Error && 'syscall' in cause ? `${message} (${cause.message})` : message;
  }
  if (code === 'EADDRINUSE') {
    return `The port is already in use (${message}). Stop the other process, or set PORT to a free port.`;
  }
  if (syscall === 'listen' || syscall === 'bind')
    return `Cannot listen on this address (${message}). Check HOST and PORT.`;
  if (syscall === 'connect' || syscall === 'getaddrinfo' || /^(connection|timeout)/i.test(message)) {
    return `Cannot connect to the database (${message}). Check DATABASE_URL.`;
  }
  if (code !== undefined && rejections.has(code)) {
    return `The database rejected the connection (${message}). Check DATABASE_URL.`;
  }
  return undefined;
}

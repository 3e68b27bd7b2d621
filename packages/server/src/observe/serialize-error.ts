import { errorCode } from '../db/error-code.ts';

/** An error as it is logged. */
export interface LoggedError {
  readonly type: string;
  readonly message: string;
  /** The code of Node, PostgreSQL or a problem, if it has one. */
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: LoggedError;
}

/** Causes beyond this depth are left out. */
const maxDepth = 5;

/**
 * Serializes an error for the log: its message and stack, and those of its causes. Other properties are left out and
 * credentials are masked, because libraries attach connection options, query parameters and requests to errors.
 */
export function serializeError(error: unknown, depth = 1): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: mask(String(error)) };
  const code = errorCode(error);
  const hasCause = error.cause !== undefined && error.cause !== null && depth < maxDepth;
  return {
    type: error.constructor.name,
    message: mask(messageOf(error)),
    ...(code !== undefined && { code }),
    ...(error.stack !== undefined && { stack: mask(error.stack) }),
    ...(hasCause && { cause: serializeError(error.cause, depth + 1) }),
  };
}

/** An error with its causes as text, for the terminal where there is no logger. */
export function printableError(error: unknown): string {
  const parts: string[] = [];
  let current: LoggedError | undefined = serializeError(error);
  while (current) {
    parts.push(current.stack ?? current.message);
    current = current.cause;
  }
  return parts.join('\nCaused by: ');
}

/** Node's error about several addresses has an empty message. */
function messageOf(error: Error): string {
  if (error.message !== '' || !(error instanceof AggregateError)) return error.message;
  return error.errors.map((one) => (one instanceof Error ? one.message : String(one))).join('; ');
}

/** Masks the values of a query's parameters, passwords in URLs, and credentials in query strings and headers. */
function mask(text: string): string {
  return text
    .replace(/^params: .*$/gm, 'params: (hidden)')
    .replace(/(\w:\/\/[^\s:/@]*:)[^\s/@]+@/g, '$1(hidden)@')
    .replace(/([?&]\w*(?:token|secret|password|key|signature)=)[^\s&#]+/gi, '$1(hidden)')
    .replace(/\b(Bearer|Basic) [\w.~+/=-]+/g, '$1 (hidden)');
}

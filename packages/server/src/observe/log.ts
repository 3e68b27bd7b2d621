import { type DestinationStream, pino } from 'pino';
import { build as pretty } from 'pino-pretty';
import { serializeError } from './serialize-error.ts';

/**
 * Creates the logger: JSON lines, or readable lines at a terminal. Callers log an error as `err`, with its stack and
 * causes, and must not log secrets.
 *
 * @param output where JSON lines are written; the default is the standard output.
 */
export function createLog(
  level: string,
  readable: boolean = process.stdout.isTTY === true,
  output?: DestinationStream,
) {
  const options = {
    level,
    base: null,
    serializers: { err: (error: unknown) => serializeError(error) },
    redact: {
      paths: [
        'authorization',
        '*.authorization',
        'req.headers.authorization',
        'req.headers.cookie',
        '*.password',
        '*.secret',
      ],
      censor: '(hidden)',
    },
  };
  if (readable) {
    return pino(options, pretty({ colorize: true, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname' }));
  }
  return output ? pino(options, output) : pino(options);
}

/** The logger of a process. */
export type Log = ReturnType<typeof createLog>;

import { pino } from 'pino';
import { build as pretty } from 'pino-pretty';

/** Creates the logger: JSON lines, or readable lines at a terminal. Callers must not log secrets. */
export function createLog(level: string, readable: boolean = process.stdout.isTTY === true) {
  const options = {
    level,
    base: null,
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
  return readable
    ? pino(options, pretty({ colorize: true, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname' }))
    : pino(options);
}

/** The logger of a process. */
export type Log = ReturnType<typeof createLog>;

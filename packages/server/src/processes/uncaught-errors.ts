import type { Log } from '../observe/log.ts';

/**
 * Logs errors that nothing has handled. A rejected promise that nothing waits for leaves the rest of the process intact.
 * After an exception that nothing caught, the state of the process is unknown: it ends with exit code 1, and whatever has
 * started it starts it again.
 */
export function logUncaughtErrors(log: Pick<Log, 'error' | 'fatal'>): void {
  process.on('unhandledRejection', (reason) => {
    log.error({ err: reason }, 'a promise was rejected and nothing handled the error');
  });
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'nothing caught an exception; the process ends');
    process.exit(1);
  });
}

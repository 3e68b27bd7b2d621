/** A process that leaves errors uncaught when a message says so; LOG_FILE is its log. */
import { appendFileSync } from 'node:fs';
import { createLog } from '../../packages/server/src/observe/log.ts';
import { logUncaughtErrors } from '../../packages/server/src/processes/uncaught-errors.ts';

const write = (line: string) => appendFileSync(process.env.LOG_FILE ?? '', line);
logUncaughtErrors(createLog('info', false, { write }));

process.on('message', (message) => {
  if (message === 'reject') void Promise.reject(new Error('nothing waited for this'));
  if (message === 'throw') throw new Error('nothing caught this');
  if (message === 'ask') process.send?.('still here');
});
process.send?.('started');

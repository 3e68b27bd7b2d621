/** A worker process for tests that kill it: one node with one recording listener, until it is killed. */
import { setTimeout as delay } from 'node:timers/promises';
import { killWhenHung } from '../../packages/server/src/processes/hang-watch.ts';
import { createNode, numberOf, recording, tableOf } from './dispatch.ts';

const { connection, dieAt, hangAt, workMs, deadAfterMs } = JSON.parse(process.env.WORKER ?? '{}');

const listener = recording('First', async (event) => {
  if (workMs) await delay(Math.random() * workMs);
  // In the middle of a batch, with some events handled and nothing committed.
  if (dieAt && numberOf(event) === dieAt) process.kill(process.pid, 'SIGKILL');
  while (hangAt && numberOf(event) === hangAt);
});
const table = tableOf({ NewCustomerProfileCreated: [listener] });
const node = createNode(connection, { table, ...(deadAfterMs ? { deadAfterMs } : {}) });
await node.start();
// Not earlier: loading its code may take long on a slow machine.
if (hangAt) killWhenHung(2_000);
process.send?.('started');

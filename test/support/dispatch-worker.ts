/** A worker process for tests that kill it: one node with one recording listener, until it is killed. */
import { setTimeout as delay } from 'node:timers/promises';
import { createNode, numberOf, recording, tableOf } from './dispatch.ts';

const { connection, dieAt, workMs } = JSON.parse(process.env.WORKER ?? '{}');

const listener = recording('First', async (event) => {
  if (workMs) await delay(Math.random() * workMs);
  // In the middle of a batch, with some events handled and nothing committed.
  if (dieAt && numberOf(event) === dieAt) process.kill(process.pid, 'SIGKILL');
});
const node = createNode(connection, { table: tableOf({ NewCustomerProfileCreated: [listener] }) });
await node.start();
process.send?.('started');

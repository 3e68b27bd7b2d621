// Ours: a no-op queued listener on the embedded PostgreSQL with default durability.
import { queued } from '../../packages/server/src/dispatch/listener.ts';
import { createNode, customerOf, numberOf, tableOf } from '../../test/support/dispatch.ts';
import { keys, measure } from '../measure.ts';
import { startOwnDatabase } from '../own-database.ts';

const server = await startOwnDatabase();
let onHandled: (number: number) => void = () => {};
const noOp = queued<unknown, 'NewCustomerProfileCreated'>({
  name: 'NoOp',
  summary: 'Does nothing.',
  async handle(event, { tx }) {
    tx.afterCommit(() => onHandled(numberOf(event)));
  },
});
const table = tableOf({ NewCustomerProfileCreated: [noOp] });
const options = { table, maxConcurrentEvents: 20_000, stallMs: 2_000, pollMs: 1_000, maxConnections: 12 };
const writer = createNode(server.connection, options);
let reader: ReturnType<typeof createNode> | undefined;

const result = await measure({
  name: 'Mevrik',
  async add(numbers) {
    // As in the product, a node that handles also writes: it notices its own commits immediately.
    await (reader ?? writer).unitOfWork.run(async (tx) => {
      for (const number of numbers) {
        tx.raise('NewCustomerProfileCreated', { customer: customerOf(`1/web:${number % keys}`, number) });
      }
    });
  },
  async start(handled) {
    onHandled = handled;
    reader = createNode(server.connection, options);
    await reader.start();
  },
  async pause() {
    await reader?.stop();
    reader = undefined;
  },
  stop: () => writer.stop(),
});
console.log(JSON.stringify(result));
await server.stop();

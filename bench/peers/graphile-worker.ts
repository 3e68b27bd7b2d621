// graphile-worker on an embedded PostgreSQL with the same settings as ours, with its local queue and batched completion.
import { Logger, makeWorkerUtils, type Runner, run } from 'graphile-worker';
import pg from 'pg';
import { customerOf } from '../../test/support/dispatch.ts';
import { keys, measure } from '../measure.ts';
import { startOwnDatabase } from '../own-database.ts';

const server = await startOwnDatabase();
const pool = new pg.Pool({ ...server.connection, max: 24 });
// A connection broke: the statement that needs it fails with the same error.
pool.on('error', () => {});
// The same for one in use.
pool.on('connect', (client) => void client.on('error', () => {}));
const utils = await makeWorkerUtils({ pgPool: pool });
const payloadOf = (number: number) => ({ number, customer: customerOf(`1/web:${number % keys}`, number) });
let runner: Runner | undefined;

const result = await measure({
  name: 'graphile-worker',
  async add(numbers) {
    const [only] = numbers;
    if (numbers.length === 1 && only !== undefined) await utils.addJob('event', payloadOf(only));
    else await utils.addJobs(numbers.map((number) => ({ identifier: 'event', payload: payloadOf(number) })));
  },
  async start(onHandled) {
    runner = await run({
      pgPool: pool,
      noHandleSignals: true,
      taskList: { event: async (payload) => onHandled((payload as { number: number }).number) },
      logger: new Logger(() => () => {}),
      preset: {
        worker: {
          concurrentJobs: 24,
          pollInterval: 1000,
          localQueue: { size: 500 },
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
        },
      },
    });
  },
  async pause() {
    await runner?.stop();
  },
  stop: async () => utils.release(),
});
console.log(JSON.stringify(result));
await pool.end();
await server.stop();

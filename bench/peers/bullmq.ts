// BullMQ on its own Redis. Argument: whether Redis writes its append-only file, `no` or `everysec`.
import { createRequire } from 'node:module';
import { customerOf } from '../../test/support/dispatch.ts';
import { startRedis } from '../../test/support/redis.ts';
import { keys, measure } from '../measure.ts';

const { Queue, Worker } = createRequire(import.meta.url)('bullmq');
const appendOnly = process.argv[2] === 'everysec';
const redis = await startRedis({ appendOnly });
const connection = { host: '127.0.0.1', port: Number(new URL(redis.url).port), maxRetriesPerRequest: null };
const queue = new Queue('events', { connection });
const jobOf = (number: number) => ({
  name: 'event',
  data: { number, customer: customerOf(`1/web:${number % keys}`, number) },
  opts: { removeOnComplete: true },
});
let worker: { close(): Promise<void> } | undefined;

const result = await measure({
  name: `BullMQ, Redis appendonly ${appendOnly ? 'everysec' : 'no'}`,
  async add(numbers) {
    const [only] = numbers;
    if (numbers.length === 1 && only !== undefined) {
      const { name, data, opts } = jobOf(only);
      await queue.add(name, data, opts);
    } else await queue.addBulk(numbers.map(jobOf));
  },
  async start(onHandled) {
    const handle = async ({ data }: { data: { number: number } }) => onHandled(data.number);
    worker = new Worker('events', handle, {
      connection,
      concurrency: Number(process.env.BULLMQ_CONCURRENCY ?? 200),
    });
  },
  async pause() {
    await worker?.close();
  },
  stop: () => queue.close(),
});
console.log(JSON.stringify(result));
await redis.stop();
process.exit(0);

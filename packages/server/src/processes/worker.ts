import cluster from 'node:cluster';
import { Socket } from 'node:net';
import { createClusterBus } from '../broadcast/bus/cluster-bus.ts';
import { explain } from '../compose/explain-start-error.ts';
import { type Product, startProduct } from '../compose/product.ts';
import { type Config, loadConfig } from '../config/config.ts';
import { stopAbandoned } from '../db/embedded.ts';
import { createLog } from '../observe/log.ts';
import { brokerFd, type FromWorker, type ToWorker, workerMark } from './crew-messages.ts';

/** Where a stop that does not end is given up. */
const stopWithinMs = 15_000;

/** Whether this process was started as one of our workers. */
export function isWorker(): boolean {
  return cluster.isWorker && process.env[workerMark] === '1';
}

/** Runs the product as one of several workers, until the primary says stop, or is gone. */
export function runWorker(): void {
  const config = loadConfig(process.env);
  const log = createLog(config.LOG_LEVEL);
  let starting: Promise<Product> | undefined;
  let isEnding = false;
  const end = (code: number) => {
    if (isEnding) return;
    isEnding = true;
    stop(starting, config).then(
      () => process.exit(code),
      () => process.exit(1),
    );
  };
  const bus = createClusterBus(new Socket({ fd: brokerFd }), () => {
    log.warn({}, 'the primary is not reached any more: stopping');
    end(1);
  });
  process.on('message', (message: ToWorker) => {
    if (message.say === 'stop') {
      end(0);
      return;
    }
    starting ??= startProduct(config, log, { target: message.target, bus });
    starting.then(({ url }) => tell({ say: 'ready', url }), fail);
  });
  // Node tells the primary that the port is let go of; where nobody is there to hear it, that is no fault.
  cluster.worker?.on('error', () => {});
  cluster.worker?.on('disconnect', () => {
    // Node would end this process on the spot, with all that is under way.
    if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;
    end(1);
  });
  // Ctrl+C, or the end of the terminal, reaches the whole group: the primary hears it too, and tells the workers what
  // to do, or is gone.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
  process.on('SIGTERM', () => end(0));
  tell({ say: 'here' });
}

async function stop(starting: Promise<Product> | undefined, config: Config): Promise<void> {
  setTimeout(() => process.exit(1), stopWithinMs).unref();
  const product = await starting?.catch(() => undefined);
  await product?.stop();
  if (process.connected || config.DATABASE_URL !== null) return;
  await stopAbandoned({ dataDir: config.DATA_DIR, log: silent });
}

/** What is left of a primary that was killed is cleared away without a word: its output may be gone, too. */
const silent = { info() {}, warn() {} };

function fail(error: unknown): void {
  const reason = explain(error);
  const exit = () => process.exit(1);
  if (reason === undefined) console.error(error instanceof Error ? error.stack : error);
  // Told before the end: of several workers that fail alike the primary says it once.
  if (reason !== undefined && process.connected) process.send?.({ say: 'failed', reason }, exit);
  else exit();
}

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}

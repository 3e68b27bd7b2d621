import cluster from 'node:cluster';
import { Socket } from 'node:net';
import { createClusterBus } from '../broadcast/bus/cluster-bus.ts';
import { explainStartError } from '../compose/explain-start-error.ts';
import { type Product, startProduct } from '../compose/product.ts';
import { type Config, loadConfig } from '../config/config.ts';
import { stopAbandoned } from '../db/embedded.ts';
import { createLog } from '../observe/log.ts';
import { printableError } from '../observe/serialize-error.ts';
import { brokerFd, type FromWorker, type ToWorker } from './crew-messages.ts';
import { killWhenHung } from './hang-watch.ts';
import { logUncaughtErrors } from './uncaught-errors.ts';

/** The worker exits after this time even if stopping has not finished. */
const stopWithinMs = 15_000;

/** Runs the product as one of several workers, until the primary stops it or exits. */
export function runWorker(): void {
  const config = loadConfig(process.env);
  const log = createLog(config.LOG_LEVEL);
  logUncaughtErrors(log);
  if (config.HANG_LIMIT > 0) killWhenHung(config.HANG_LIMIT * 1000);
  let starting: Promise<Product> | undefined;
  let isEnding = false;
  const end = (code: number) => {
    if (isEnding) return;
    isEnding = true;
    stop(starting, config).then(
      () => process.exit(code),
      // Parts that fail to stop log it; this is the cleaning up after a killed primary, whose output may be closed.
      () => process.exit(1),
    );
  };
  const bus = createClusterBus(new Socket({ fd: brokerFd }), () => {
    log.warn({}, 'lost the connection to the primary; stopping');
    end(1);
  });
  process.on('message', (message: ToWorker) => {
    if (message.type === 'stop') {
      end(0);
      return;
    }
    starting ??= startProduct(config, log, { target: message.target, bus });
    starting.then(({ url }) => sendToPrimary({ type: 'ready', url }), fail);
  });
  // Node reports closed ports to the primary; that fails harmlessly when the primary has exited.
  cluster.worker?.on('error', () => {});
  cluster.worker?.on('disconnect', () => {
    // Otherwise Node would exit at once and abort all requests in progress.
    if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;
    end(1);
  });
  // Ctrl+C or a closed terminal signals the whole process group; the primary receives it too and stops its workers,
  // or exits, which disconnects them.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
  process.on('SIGTERM', () => end(0));
  sendToPrimary({ type: 'connected' });
}

async function stop(starting: Promise<Product> | undefined, config: Config): Promise<void> {
  setTimeout(() => process.exit(1), stopWithinMs).unref();
  // A start that failed was reported by `fail`, and has stopped what it had started.
  const product = await starting?.catch(() => undefined);
  await product?.stop();
  if (process.connected || config.DATABASE_URL !== null) return;
  await stopAbandoned({ dataDir: config.DATA_DIR, log: silent });
}

/** Cleaning up after a killed primary logs nothing, because its output may be closed. */
const silent = { info() {}, warn() {} };

function fail(error: unknown): void {
  const reason = explainStartError(error);
  const exit = () => process.exit(1);
  if (reason === undefined) console.error(printableError(error));
  // Reported before exiting, so that the primary prints the same failure of several workers once.
  if (reason !== undefined && process.connected) process.send?.({ type: 'failed', reason }, exit);
  else exit();
}

function sendToPrimary(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { explainStartError } from './compose/explain-start-error.ts';
import type { Product } from './compose/product.ts';
import { type Config, ConfigError, loadConfig } from './config/config.ts';
import { createLog, type Log } from './observe/log.ts';
import { printableError } from './observe/serialize-error.ts';
import { isWorker } from './processes/crew-messages.ts';
import { killWhenHung } from './processes/hang-watch.ts';
import type { WorkersOptions } from './processes/primary.ts';
import { logUncaughtErrors } from './processes/uncaught-errors.ts';

/** The process exits after this time even if stopping has not finished; workers have a little less. */
const stopWithinMs = 20_000;

if (isWorker()) {
  const { runWorker } = await import('./processes/worker.ts');
  runWorker();
} else {
  try {
    await run();
  } catch (error) {
    printError(error);
    process.exitCode = 1;
  }
}

async function run(): Promise<void> {
  const config = loadConfig(environment());
  const log = createLog(config.LOG_LEVEL);
  logUncaughtErrors(log);
  if (config.HANG_LIMIT > 0) killWhenHung(config.HANG_LIMIT * 1000);
  let stopping = false;
  const stop = (code: number) => {
    stopping = true;
    setTimeout(() => process.exit(1), stopWithinMs).unref();
    // A stop during startup waits for startup to finish: exiting half-way would leave PostgreSQL running.
    starting
      .then((product) => product.stop())
      .then(
        () => process.exit(code),
        // Only a failed start gets here, and it is printed below.
        () => process.exit(1),
      );
  };
  const onFailed = (error: Error) => {
    printError(error);
    stop(1);
  };
  const starting = start(config, log, onFailed);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      log.info({ signal }, 'stopping');
      stop(0);
    });
  }
  const product = await starting;
  if (!stopping) console.log(greeting(product, config));
}

/** Loads only what it starts: bad configuration is reported at once, and a primary needs little of the product. */
async function start(config: Config, log: Log, onFailed: WorkersOptions['onFailed']): Promise<Product> {
  if (config.WORKERS === 1) {
    const { startProduct } = await import('./compose/product.ts');
    return startProduct(config, log);
  }
  const { startWorkers } = await import('./processes/primary.ts');
  return startWorkers({ config, log, program: fileURLToPath(import.meta.url), onFailed });
}

/** The environment with the command-line options applied; handles `mevrik start` too. */
function environment(): NodeJS.ProcessEnv {
  try {
    const [, , ...args] = process.argv;
    const { values } = parseArgs({
      args: args[0] === 'start' ? args.slice(1) : args,
      options: { workers: { type: 'string' } },
    });
    return values.workers === undefined ? process.env : { ...process.env, WORKERS: values.workers };
  } catch (error) {
    throw new ConfigError([error instanceof Error ? error.message : String(error)]);
  }
}

/** Prints an error; only unexpected errors come with their stack. */
function printError(error: unknown): void {
  console.error(explainStartError(error) ?? printableError(error));
}

function greeting({ url, setupUrl, smtpPort }: Product, { WORKERS: workers }: Config): string {
  const lines = [
    '',
    `  Mevrik Channels is running at ${url}${workers > 1 ? ` in ${workers} workers` : ''}`,
    '',
    `    Start page      ${url}`,
    `    Agent desk      ${url}/desk`,
    `    Admin panel     ${url}/admin`,
    `    API reference   ${url}/docs`,
    `    Health          ${url}/readyz`,
    ...(smtpPort === null ? [] : [`    Email (SMTP)    port ${smtpPort}`]),
    ...(setupUrl === null
      ? []
      : ['', '  Create the first administrator (this link works once):', `    ${setupUrl}`]),
    '',
    '  Press Ctrl+C to stop.',
    '',
  ];
  return lines.join('\n');
}

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { explain } from './compose/explain-start-error.ts';
import { type Product, startProduct } from './compose/product.ts';
import { type Config, ConfigError, loadConfig } from './config/config.ts';
import { createLog } from './observe/log.ts';
import { startWorkers } from './processes/primary.ts';
import { isWorker, runWorker } from './processes/worker.ts';

/** Where a stop that does not end is given up; workers have a little less. */
const stopWithinMs = 20_000;

if (isWorker()) {
  runWorker();
} else {
  try {
    await run();
  } catch (error) {
    complain(error);
    process.exitCode = 1;
  }
}

async function run(): Promise<void> {
  const config = loadConfig(environment());
  const log = createLog(config.LOG_LEVEL);
  let stopping = false;
  const stop = (code: number) => {
    stopping = true;
    setTimeout(() => process.exit(1), stopWithinMs).unref();
    // Told in the middle of the start it stops after it: an end half-way would leave PostgreSQL running.
    starting
      .then((product) => product.stop())
      .then(
        () => process.exit(code),
        () => process.exit(1),
      );
  };
  const onFailed = (error: Error) => {
    complain(error);
    stop(1);
  };
  const program = fileURLToPath(import.meta.url);
  const starting =
    config.WORKERS === 1 ? startProduct(config, log) : startWorkers({ config, log, program, onFailed });
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

/** The environment, with what the command line says besides; after `mevrik start`, too. */
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

/** Only what is our own fault comes with its stack. */
function complain(error: unknown): void {
  console.error(explain(error) ?? (error instanceof Error ? error.stack : error));
}

function greeting({ url, setupUrl, mailPort }: Product, { WORKERS: workers }: Config): string {
  const lines = [
    '',
    `  Mevrik Channels is running at ${url}${workers > 1 ? ` in ${workers} workers` : ''}`,
    '',
    `    Look around     ${url}`,
    `    Agent desk      ${url}/desk`,
    `    Panel           ${url}/admin`,
    `    API reference   ${url}/docs`,
    `    Health          ${url}/readyz`,
    ...(mailPort === null ? [] : [`    Mails           come in on port ${mailPort}`]),
    ...(setupUrl === null
      ? []
      : ['', '  Make the first administrator here (the address works once):', `    ${setupUrl}`]),
    '',
    '  Stop with Ctrl+C.',
    '',
  ];
  return lines.join('\n');
}

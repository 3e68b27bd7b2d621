import { startProduct } from './compose.ts';
import { loadConfig } from './config.ts';
import { explain } from './explain.ts';
import { createLog } from './observe/log.ts';

/** Where a stop that does not end is given up. */
const stopWithinMs = 15_000;

try {
  const config = loadConfig(process.env);
  const log = createLog(config.LOG_LEVEL);
  const starting = startProduct(config, log);
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      log.info({ signal }, 'stopping');
      setTimeout(() => process.exit(1), stopWithinMs).unref();
      // Told in the middle of the start it stops after it: an end half-way would leave PostgreSQL running.
      starting
        .then((product) => product.stop())
        .then(
          () => process.exit(0),
          () => process.exit(1),
        );
    });
  }
  const product = await starting;
  if (!stopping) console.log(greeting(product));
} catch (error) {
  // Only what is our own fault comes with its stack.
  console.error(explain(error) ?? (error instanceof Error ? error.stack : error));
  process.exitCode = 1;
}

function greeting({ url, setupUrl }: { url: string; setupUrl: string | null }): string {
  const lines = [
    '',
    `  Mevrik Channels is running at ${url}`,
    '',
    `    API reference   ${url}/docs`,
    `    Health          ${url}/readyz`,
    ...(setupUrl === null
      ? []
      : ['', '  Make the first administrator here (the address works once):', `    ${setupUrl}`]),
    '',
    '  Stop with Ctrl+C.',
    '',
  ];
  return lines.join('\n');
}

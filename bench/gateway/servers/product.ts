// The whole product. Argument: the number of workers on one port. Messages are published through its HTTP API.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { dataFolder } from '../../own-server.ts';
import { benchApp } from '../bench-app.ts';
import type { FromPublisher } from '../messages.ts';

const [workers = '1'] = process.argv.slice(2);
const data = await dataFolder();
const product = spawn(process.execPath, [mainScript()], {
  env: {
    ...process.env,
    NODE_CHANNEL_FD: undefined,
    WORKERS: workers,
    PORT: '0',
    DATA_DIR: data.path,
    RATE_LIMIT: '1000000',
    LOG_LEVEL: 'error',
    PUSHER_APP_ID: String(benchApp.id),
    PUSHER_APP_KEY: benchApp.key,
    PUSHER_APP_SECRET: benchApp.secret,
  },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const ended = once(product, 'exit').then(() => data.remove());
process.on('disconnect', () => {
  product.kill('SIGTERM');
  void ended.then(() => process.exit());
});
for await (const line of createInterface(product.stdout)) {
  const port = /running at http:\/\/[^:]+:(\d+)/.exec(line)?.[1];
  if (port) process.send?.({ is: 'listening', port: Number(port) } satisfies FromPublisher);
}

/** Relative to the compiled file. */
function mainScript(): string {
  return fileURLToPath(new URL('../../../../packages/server/dist/main.js', import.meta.url));
}

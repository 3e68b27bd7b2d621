import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../packages/server/dist/main.js', import.meta.url));

/** A folder for a server's data. */
export async function dataFolder() {
  const path = await mkdtemp(join(tmpdir(), 'mevrik-bench-'));
  await chmod(path, 0o711); // as root, PostgreSQL runs as another user
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Starts the built server as a process, with default settings except those given. */
export async function startServer(env: Record<string, string>) {
  const child = spawn(process.execPath, [...(process.env.SERVER_FLAGS?.split(' ') ?? []), main], {
    env: { ...process.env, NODE_OPTIONS: '', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface(child.stdout)) {
    const url = /running at (http:\/\/\S+)/.exec(line)?.[1];
    if (!url) continue;
    child.stdout.resume();
    return {
      url,
      async stop() {
        const exited = once(child, 'exit');
        child.kill('SIGINT');
        await exited;
      },
    };
  }
  throw new Error('The server did not start.');
}

// Starts a built server on the embedded database, asks for some of its pages, and stops it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const startWithinMs = 60_000;

/**
 * Runs one smoke start. Throws if the server does not start within a minute, does not answer 200 on every path, or does
 * not stop with exit code 0.
 * @param {{ node?: string, program: string, cwd: string, dataDir: string, paths: string[] }} options `node` is the Node
 *   binary to run it with; this process' own by default.
 */
export async function smokeServer({ node = process.execPath, program, cwd, dataDir, paths }) {
  const server = spawn(node, [program], {
    cwd,
    env: { ...process.env, PORT: '0', DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(server, 'exit');
  const overdue = setTimeout(() => server.kill('SIGKILL'), startWithinMs);
  const address = await Promise.race([addressOf(server.stdout), exited]);
  clearTimeout(overdue);
  if (typeof address !== 'string') throw new Error('The server exited before it was ready.');
  const statuses = await Promise.all(paths.map(async (path) => (await fetch(address + path)).status));
  server.kill('SIGINT');
  const [code] = await exited;
  const isWell = code === 0 && statuses.every((status) => status === 200);
  if (!isWell)
    throw new Error(`${paths.join(', ')} answered ${statuses.join(', ')}; the server exited with ${code}.`);
}

async function addressOf(output) {
  for await (const line of createInterface(output)) {
    const address = /running at (http:\/\/\S+)/.exec(line)?.[1];
    if (address) return address;
  }
  return undefined;
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { requireProgram } from './system-programs.ts';

/** A Redis of one test file. */
export interface TestRedis {
  /** redis://127.0.0.1:port */
  readonly url: string;
  /** Stops the server; resolves once the process has ended. */
  stop(): Promise<void>;
  /** Stops and starts it again on the same port. Without `appendOnly` it comes back empty. */
  restart(): Promise<void>;
}

/** Starts a Redis on a free port of the loopback address. It keeps nothing on disk unless `appendOnly`. */
export async function startRedis(options: { appendOnly?: boolean } = {}): Promise<TestRedis> {
  const program = requireProgram('redis');
  const directory = await mkdtemp(join(tmpdir(), 'mevrik-redis-'));
  const port = await freePort();
  const launch = () => launchRedis(program, { directory, port, appendOnly: options.appendOnly ?? false });
  let server = await launch();
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      await end(server);
      await rm(directory, { recursive: true, force: true });
    },
    restart: async () => {
      await end(server);
      server = await launch();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

async function launchRedis(
  program: string,
  options: { directory: string; port: number; appendOnly: boolean },
): Promise<ChildProcess> {
  const settings = {
    port: options.port,
    bind: '127.0.0.1',
    dir: options.directory,
    save: '',
    appendonly: options.appendOnly ? 'yes' : 'no',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const said: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    said.push(line);
    if (!line.includes('Ready to accept connections')) continue;
    // Nobody reads on: a full pipe would stop the server.
    child.stdout.resume();
    return child;
  }
  throw new Error(`redis-server did not start. It said:\n${said.slice(-8).join('\n')}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DataDirInUseError, lockDirectory } from '../../packages/server/src/db/embedded-lock.ts';

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
  const program = findRedis();
  if (!program) {
    throw new Error(
      'redis-server is not on PATH: install it (apt-get install redis-server, brew install redis)',
    );
  }
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

/**
 * Installs Redis where it is missing and can be had: as root on Debian and its kin. Once per machine, whoever asks
 * first. Elsewhere nothing happens, and only the tests that need Redis fail.
 */
export async function installRedis(): Promise<void> {
  if (findRedis() || process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return;
  const lock = await waitForLock(join(tmpdir(), 'mevrik-redis-install'));
  try {
    if (findRedis()) return;
    // RUNLEVEL=1 keeps the package from starting its own service.
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    const apt = (...args: string[]) => promisify(execFile)('apt-get', args, { env });
    await apt('update');
    await apt('install', '-y', '--no-install-recommends', 'redis-server');
  } catch (error) {
    console.warn(`redis-server could not be installed: ${(error as Error).message.split('\n')[0]}`);
  } finally {
    await lock.release();
  }
}

async function waitForLock(directory: string) {
  for (;;) {
    try {
      return await lockDirectory(directory);
    } catch (error) {
      if (!(error instanceof DataDirInUseError)) throw error;
      await delay(250);
    }
  }
}

function findRedis(): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((directory) => join(directory, 'redis-server'))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
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

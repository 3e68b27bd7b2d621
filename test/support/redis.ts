import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
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
  /** Restarts the server on the same port. Without `appendOnly` it is empty afterwards. */
  restart(): Promise<void>;
  /** Suspends it while `work` runs: it neither answers nor closes connections. */
  whileHanging(work: () => Promise<void>): Promise<void>;
}

/**
 * The heartbeat interval of nodes in tests. Two missed heartbeats mean that a node is dead, so the interval
 * is longer than the pauses of a busy machine.
 */
export const heartbeatMs = 250;

/** Starts a Redis on a free port of the loopback address. It stores nothing on disk unless `appendOnly`. */
export async function startRedis(options: { appendOnly?: boolean } = {}): Promise<TestRedis> {
  const server = await startRedisProcess({ appendonly: options.appendOnly ? 'yes' : 'no' });
  return {
    url: `redis://127.0.0.1:${server.port}`,
    stop: () => server.stop(),
    restart: async () => {
      await server.end();
      await server.begin();
    },
    async whileHanging(work) {
      server.hang();
      try {
        await work();
      } finally {
        server.goOn();
      }
    },
  };
}

/** A redis-server, or a Sentinel. */
export interface RedisProcess {
  readonly port: number;
  /** Ends the process, gracefully or not. Its directory stays. */
  end(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts it again on the same port. */
  begin(): Promise<void>;
  /** Suspends it, so that it neither answers nor closes connections, until it is resumed. */
  hang(): void;
  goOn(): void;
  /** Stops it and removes its directory. */
  stop(): Promise<void>;
}

/** Starts a redis-server with some settings on a free port. With `sentinel`, those are lines of its own. */
export async function startRedisProcess(
  settings: Record<string, string>,
  sentinel: readonly string[] = [],
): Promise<RedisProcess> {
  const program = requireProgram('redis');
  const directory = await mkdtemp(join(tmpdir(), 'mevrik-redis-'));
  const port = await freePort();
  const all = { port, bind: '127.0.0.1', dir: directory, save: '""', ...settings };
  const lines = [...Object.entries(all).map(([name, value]) => `${name} ${value}`), ...sentinel];
  const file = join(directory, 'redis.conf');
  await writeFile(file, `${lines.join('\n')}\n`);
  const launch = () => launchRedis(program, [file, ...(sentinel.length > 0 ? ['--sentinel'] : [])]);
  let child = await launch();
  return {
    port,
    end: (signal) => end(child, signal),
    begin: async () => {
      child = await launch();
    },
    hang: () => void child.kill('SIGSTOP'),
    goOn: () => void child.kill('SIGCONT'),
    stop: async () => {
      await end(child, 'SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A free port of the loopback address. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

async function launchRedis(program: string, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const said: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    said.push(line);
    if (!/Ready to accept connections|Sentinel ID is/.test(line)) continue;
    // Discard the output: a full pipe would block the server.
    child.stdout.resume();
    return child;
  }
  throw new Error(`redis-server did not start. It said:\n${said.slice(-8).join('\n')}`);
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

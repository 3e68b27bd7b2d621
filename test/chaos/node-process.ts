import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../packages/server/dist/main.js', import.meta.url));

/** A server that is killed, suspended and started again. */
export class NodeProcess {
  readonly #env: Record<string, string>;
  readonly #log: WriteStream;
  #child: ChildProcess | undefined;
  #isExpected = false;
  #isClosed = false;
  #url: string | undefined;
  /** Ends that were not part of the schedule. */
  readonly crashes: string[] = [];

  /** @param logFile everything it prints. */
  constructor(env: Record<string, string>, logFile: string) {
    this.#env = env;
    this.#log = createWriteStream(logFile, { flags: 'a' });
  }

  /** Its address; `undefined` while it is not running. */
  get url(): string | undefined {
    return this.#url;
  }

  /** Starts it, and waits for its greeting. While the database is away a start fails: it is tried again, as by a supervisor. */
  async start(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      if (await this.#launch()) return;
      if (this.#isClosed) return;
      if (attempt === 20) throw new Error(`A node did not start in ${attempt} attempts.`);
    }
  }

  async #launch(): Promise<boolean> {
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(process.execPath, [program], {
      env: { PATH, HOME, ...this.#env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#isExpected = false;
    let said = '';
    let isGreeted = false;
    const greeted = new Promise<boolean>((resolve) => {
      const read = (chunk: string) => {
        this.#log.write(chunk);
        if (isGreeted) return;
        said += chunk;
        if (!said.includes('Press Ctrl+C to stop.')) return;
        isGreeted = true;
        resolve(true);
      };
      child.stdout.setEncoding('utf8').on('data', read);
      child.stderr.setEncoding('utf8').on('data', read);
      child.once('exit', (code, signal) => {
        this.#url = undefined;
        if (isGreeted && !this.#isExpected)
          this.crashes.push(`a node ended with ${signal ?? `code ${code}`}`);
        resolve(false);
      });
    });
    const isUp = await greeted;
    if (isUp) this.#url = /running at (\S+)/.exec(said)?.[1];
    return isUp;
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Stops it gracefully. A stop that takes too long, or fails, counts as a crash. */
  async stop(): Promise<void> {
    const child = this.#child;
    const wasRunning = child?.exitCode === null && child.signalCode === null;
    await this.#end('SIGTERM');
    if (wasRunning && child.exitCode !== 0) {
      this.crashes.push(`a stop ended with ${child.signalCode ?? `code ${child.exitCode}`}`);
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#isExpected = true;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    // Only then has all its output been read.
    const ended = once(child, 'close');
    child.kill(signal);
    await ended;
  }

  hang(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Kills its newest worker. */
  async killWorker(): Promise<void> {
    const worker = (await childrenOf(this.#child?.pid ?? 0)).at(-1);
    if (worker !== undefined) process.kill(worker, 'SIGKILL');
  }

  /** Kills it for good. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.kill();
    this.#log.end();
  }
}

/** The child processes of a process, oldest first; on Linux only. */
async function childrenOf(pid: number): Promise<number[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const children: number[] = [];
  for (const name of names) {
    // The process may have ended meanwhile.
    const status = await readFile(`/proc/${name}/status`, 'utf8').catch(() => '');
    if (new RegExp(`^PPid:\\t${pid}$`, 'm').test(status)) children.push(Number(name));
  }
  return children.sort((a, b) => a - b);
}

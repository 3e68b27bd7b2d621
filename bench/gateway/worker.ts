import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { FromClient, FromPublisher, ToClient, ToPublisher } from './messages.ts';

type Report = FromClient | FromPublisher;

/** Whether processes can be pinned to cores. */
export const canPin = works('taskset', ['-c', '0', 'true']);
/** The kernel's unit of CPU time. */
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** A Node process controlled over IPC, and its use of CPU and memory. Needs Linux' /proc. */
export class Worker {
  readonly #child: ChildProcess;
  readonly #listeners = new Set<(message: Report) => void>();

  constructor(argv: readonly string[], cores: readonly number[]) {
    const command = [process.execPath, ...argv];
    const [program = '', ...rest] = canPin ? ['taskset', '-c', cores.join(','), ...command] : command;
    const env = { ...process.env, NODE_ENV: 'production' };
    this.#child = spawn(program, rest, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], env });
    this.#child.on('message', (message: Report) => {
      for (const listener of this.#listeners) listener(message);
    });
    this.#child.on('exit', (code) => {
      for (const listener of this.#listeners) listener({ is: 'failed', why: `it ended with ${code}` });
    });
  }

  send(message: ToClient | ToPublisher): void {
    if (this.#child.connected) this.#child.send(message);
  }

  /** Calls for each message, until the returned function is called. */
  listen(listener: (message: Report) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The next message of that kind. Rejects when the process fails or takes too long. */
  next<Kind extends Report['is']>(kind: Kind, withinMs = 30_000): Promise<Extract<Report, { is: Kind }>> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        ignore();
      };
      const ignore = this.listen((message) => {
        if (isOf(message, kind)) {
          end();
          resolve(message);
        } else if (message.is === 'failed') {
          end();
          reject(new Error(message.why));
        }
      });
      const timer = setTimeout(() => {
        end();
        reject(new Error(`not ${kind} within ${withinMs / 1000} s`));
      }, withinMs);
    });
  }

  /** Sends a command, and waits for its answer. */
  ask<Kind extends Report['is']>(message: ToClient | ToPublisher, kind: Kind, withinMs?: number) {
    const answer = this.next(kind, withinMs);
    this.send(message);
    return answer;
  }

  /** CPU time so far of this process and its children, all threads. */
  cpuSeconds(): number {
    return usedBy(this.#child.pid ?? 0, (pid) => {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ');
      return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
    });
  }

  /** Current resident memory of this process and its children. */
  residentBytes(): number {
    return usedBy(this.#child.pid ?? 0, (pid) => {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
    });
  }

  /** Ends the process. It exits on disconnect, so that a profiler can write its results. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    if (this.#child.connected) this.#child.disconnect();
    const killTimer = setTimeout(() => this.#child.kill('SIGKILL'), 15_000);
    await exited;
    clearTimeout(killTimer);
  }
}

/** The sum over a process and its descendants. */
function usedBy(pid: number, of: (pid: number) => number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return children.reduce((sum, child) => sum + usedBy(Number(child), of), of(pid));
}

function isOf<Kind extends Report['is']>(
  message: Report,
  kind: Kind,
): message is Extract<Report, { is: Kind }> {
  return message.is === kind;
}

function works(program: string, argv: string[]): boolean {
  try {
    execFileSync(program, argv, { stdio: 'ignore' });
    return true;
  } catch {
    // Not installed, or not permitted.
    return false;
  }
}

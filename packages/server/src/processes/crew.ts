import type { Worker } from 'node:cluster';
import type { DatabaseTarget } from '../db/database-target.ts';
import { type BackOff, backOffMs } from '../domain/back-off.ts';
import type { Log } from '../observe/log.ts';
import { type FromWorker, type ToWorker, WorkersFailedError } from './crew-messages.ts';

/** The options of a crew. */
export interface CrewOptions {
  /** The number of workers to run. */
  readonly count: number;
  readonly target: DatabaseTarget;
  readonly log: Log;
  /** Starts a worker's process. */
  readonly fork: () => Worker;
  /** Called when workers that have started cannot be kept running. */
  readonly onFailed: (error: WorkersFailedError) => void;
}

/** A slot for one worker; a worker that exits is replaced. */
interface Slot {
  worker: Worker | undefined;
  isReady: boolean;
  /** When recent workers of this slot exited before they were ready. */
  failedStarts: number[];
  /** Consecutive workers that exited soon after they were started. */
  earlyExits: number;
}

/** After this many failed starts within this time the crew stops trying. */
const maxFailedStarts = 5;
const withinMs = 60_000;
/** Before a replacement is started. Without jitter: a machine has few workers. */
const restartBackOff: BackOff = { firstMs: 100, longestMs: 5_000, jitter: [1, 1] };
/** The time a worker has to stop before it is killed; a little more than its own limit. */
const stopWithinMs = 17_000;

/** Keeps a number of workers running and replaces those that exit. */
export class Crew {
  readonly #options: CrewOptions;
  readonly #slots: Slot[];
  readonly #timers = new Set<NodeJS.Timeout>();
  #starting: { resolve(url: string): void; reject(error: WorkersFailedError): void } | undefined;
  /** Whether workers that exit are no longer replaced. */
  isStopping = false;

  constructor(options: CrewOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.count }, () => ({
      worker: undefined,
      isReady: false,
      failedStarts: [],
      earlyExits: 0,
    }));
  }

  /** Starts all workers. @returns their URL. @throws WorkersFailedError when one of them cannot start. */
  start(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#starting = { resolve, reject };
      for (const slot of this.#slots) this.#fill(slot);
    });
  }

  /** Stops all workers gracefully; those that take too long are killed. */
  async stop(): Promise<void> {
    this.isStopping = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const running = this.#slots.flatMap(({ worker }) => worker ?? []);
    const ended = running.map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
    for (const worker of running) send(worker, { type: 'stop' });
    const late = setTimeout(() => this.kill(), stopWithinMs);
    await Promise.all(ended);
    clearTimeout(late);
  }

  /** Kills all workers. */
  kill(): void {
    this.isStopping = true;
    for (const { worker } of this.#slots) worker?.process.kill('SIGKILL');
  }

  #fill(slot: Slot): void {
    const worker = this.#options.fork();
    const since = performance.now();
    slot.worker = worker;
    slot.isReady = false;
    worker.on('message', (message: FromWorker) => this.#receive(slot, worker, message));
    worker.on('error', (error) =>
      this.#options.log.warn({ err: error }, 'could not send a message to a worker'),
    );
    worker.once('exit', (code: number | null, signal: string | null) => {
      slot.worker = undefined;
      if (this.isStopping) return;
      this.#options.log.warn(
        { pid: worker.process.pid, code, signal },
        'a worker has exited and will be replaced',
      );
      this.#replace(slot, performance.now() - since);
    });
  }

  #receive(slot: Slot, worker: Worker, message: FromWorker): void {
    switch (message.type) {
      case 'connected':
        send(worker, this.isStopping ? { type: 'stop' } : { type: 'start', target: this.#options.target });
        return;
      case 'ready':
        slot.isReady = true;
        if (!this.#slots.every(({ isReady }) => isReady)) return;
        this.#starting?.resolve(message.url);
        this.#starting = undefined;
        return;
      case 'failed':
        // After a successful start a failure may be temporary, so the worker is replaced.
        if (this.#starting) this.#fail(message.reason);
        else if (!this.isStopping)
          this.#options.log.error({ reason: message.reason }, 'a worker could not start');
    }
  }

  #replace(slot: Slot, livedMs: number): void {
    const now = performance.now();
    if (!slot.isReady) slot.failedStarts.push(now);
    slot.failedStarts = slot.failedStarts.filter((at) => now - at < withinMs);
    slot.isReady = false;
    if (slot.failedStarts.length >= maxFailedStarts && !this.#slots.some(({ isReady }) => isReady)) {
      const seconds = withinMs / 1000;
      this.#fail(
        `A worker exited ${maxFailedStarts} times within ${seconds} s before it was ready. See its output above.`,
      );
      return;
    }
    slot.earlyExits = livedMs < withinMs ? slot.earlyExits + 1 : 1;
    const delayMs = backOffMs(restartBackOff, slot.earlyExits);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#fill(slot);
    }, delayMs);
    this.#timers.add(timer);
  }

  #fail(reason: string): void {
    this.isStopping = true;
    const error = new WorkersFailedError(reason);
    if (this.#starting) this.#starting.reject(error);
    else this.#options.onFailed(error);
    this.#starting = undefined;
  }
}

function send(worker: Worker, message: ToWorker): void {
  // A send to a worker that has just exited fails; 'exit' handles that.
  if (worker.isConnected()) worker.send(message, () => {});
}

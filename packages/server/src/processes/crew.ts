import type { Worker } from 'node:cluster';
import type { DatabaseTarget } from '../db/database.ts';
import type { Log } from '../observe/log.ts';
import { type FromWorker, type ToWorker, WorkersFailedError } from './crew-messages.ts';

/** What a crew is given. */
export interface CrewOptions {
  /** How many workers are to run. */
  readonly count: number;
  readonly target: DatabaseTarget;
  readonly log: Log;
  /** Starts a worker's process. */
  readonly fork: () => Worker;
  /** Called when the workers have begun and cannot be kept running. */
  readonly onFailed: (error: WorkersFailedError) => void;
}

/** A worker's place: whoever has it is replaced when it ends. */
interface Place {
  worker: Worker | undefined;
  isReady: boolean;
  /** When those who had it ended without having been ready; the last ones. */
  falseStarts: number[];
  /** Ends one after the other, none of which had lasted. */
  shortLives: number;
}

/** So many false starts within this time, and it is no use. */
const maxFalseStarts = 5;
const withinMs = 60_000;
/** The wait before a replacement: first and longest. */
const firstDelayMs = 100;
const maxDelayMs = 5_000;
/** What a worker may take to stop; a little more than it gives itself. */
const stopWithinMs = 17_000;

/** Keeps workers running: as many as wanted, each replaced when it ends. */
export class Crew {
  readonly #with: CrewOptions;
  readonly #positions: Place[];
  readonly #timers = new Set<NodeJS.Timeout>();
  #begun: { resolve(url: string): void; reject(error: WorkersFailedError): void } | undefined;
  /** Whether those that end are no longer replaced. */
  isStopping = false;

  constructor(options: CrewOptions) {
    this.#with = options;
    this.#positions = Array.from({ length: options.count }, () => ({
      worker: undefined,
      isReady: false,
      falseStarts: [],
      shortLives: 0,
    }));
  }

  /** Starts all workers. Gives where they are reached. @throws WorkersFailedError when one of them cannot start. */
  start(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#begun = { resolve, reject };
      for (const place of this.#positions) this.#fill(place);
    });
  }

  /** Has all of them end in order; the late ones are killed. */
  async stop(): Promise<void> {
    this.isStopping = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const running = this.#positions.flatMap(({ worker }) => worker ?? []);
    const ended = running.map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
    for (const worker of running) say(worker, { say: 'stop' });
    const late = setTimeout(() => this.kill(), stopWithinMs);
    await Promise.all(ended);
    clearTimeout(late);
  }

  /** Ends all of them at once. */
  kill(): void {
    this.isStopping = true;
    for (const { worker } of this.#positions) worker?.process.kill('SIGKILL');
  }

  #fill(place: Place): void {
    const worker = this.#with.fork();
    const since = performance.now();
    place.worker = worker;
    place.isReady = false;
    worker.on('message', (message: FromWorker) => this.#take(place, worker, message));
    worker.on('error', (error) => this.#with.log.warn({ reason: error.message }, 'a worker was not reached'));
    worker.once('exit', (code: number | null, signal: string | null) => {
      place.worker = undefined;
      if (this.isStopping) return;
      this.#with.log.warn(
        { pid: worker.process.pid, code, signal },
        'a worker has ended; another takes its place',
      );
      this.#replace(place, performance.now() - since);
    });
  }

  #take(place: Place, worker: Worker, message: FromWorker): void {
    switch (message.say) {
      case 'here':
        say(worker, this.isStopping ? { say: 'stop' } : { say: 'begin', target: this.#with.target });
        return;
      case 'ready':
        place.isReady = true;
        if (!this.#positions.every(({ isReady }) => isReady)) return;
        this.#begun?.resolve(message.url);
        this.#begun = undefined;
        return;
      case 'failed':
        // Once all have run, what fails now may be right again in a moment.
        if (this.#begun) this.#fail(message.reason);
        else if (!this.isStopping)
          this.#with.log.error({ reason: message.reason }, 'a worker could not start');
    }
  }

  #replace(place: Place, livedMs: number): void {
    const now = performance.now();
    if (!place.isReady) place.falseStarts.push(now);
    place.falseStarts = place.falseStarts.filter((at) => now - at < withinMs);
    place.isReady = false;
    if (place.falseStarts.length >= maxFalseStarts && !this.#positions.some(({ isReady }) => isReady)) {
      const seconds = withinMs / 1000;
      this.#fail(
        `A worker ended ${maxFalseStarts} times within ${seconds} s before it was ready. See what it said.`,
      );
      return;
    }
    place.shortLives = livedMs < withinMs ? place.shortLives + 1 : 1;
    const delayMs = Math.min(maxDelayMs, firstDelayMs * 2 ** (place.shortLives - 1));
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#fill(place);
    }, delayMs);
    this.#timers.add(timer);
  }

  #fail(reason: string): void {
    this.isStopping = true;
    const error = new WorkersFailedError(reason);
    if (this.#begun) this.#begun.reject(error);
    else this.#with.onFailed(error);
    this.#begun = undefined;
  }
}

function say(worker: Worker, message: ToWorker): void {
  // One that has just ended hears nothing; its end is told by 'exit'.
  if (worker.isConnected()) worker.send(message, () => {});
}

import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Counted, Dialect, Plan } from './messages.ts';
import { Worker } from './worker.ts';

/** The number of client processes: one per core that the server does not use, at least two. */
export const clientProcesses = (serverCores = 1) => Math.max(2, availableParallelism() - serverCores);
const script = fileURLToPath(new URL('./client/main.js', import.meta.url));

/** The connections that a crowd makes. */
export interface Arrival {
  readonly port: number;
  readonly dialect: Dialect;
  readonly plans: readonly Plan[];
  readonly count: number;
  readonly sampleEvery?: number;
  readonly withinMs?: number;
}

/** Many clients of one server, in several processes. */
export class Crowd {
  readonly #workers: readonly Worker[];
  /** Connections so far; numbers continue from here. */
  #size = 0;

  private constructor(workers: readonly Worker[]) {
    this.#workers = workers;
  }

  /** Starts the processes, on the cores that the server does not use. */
  static async start(serverCores = 1): Promise<Crowd> {
    const cores = availableParallelism();
    const free = Math.max(1, cores - serverCores);
    const workers = Array.from({ length: clientProcesses(serverCores) }, (_, n) => {
      return new Worker([script], [Math.min(cores - 1, serverCores + (n % free))]);
    });
    await Promise.all(workers.map((worker) => worker.next('ready')));
    return new Crowd(workers);
  }

  /** Connects, and resolves with the seconds until all were subscribed. */
  async connect({ port, dialect, plans, count, sampleEvery = 0, withinMs }: Arrival): Promise<number> {
    const from = this.#size;
    this.#size += count;
    const step = this.#workers.length;
    const times = await Promise.all(
      this.#workers.map((worker, n) => {
        const share = Math.floor((count + step - 1 - n) / step);
        const how = { port, dialect, plans, sampleEvery, from: from + n, step, count: share, inFlight: 50 };
        return worker.ask({ do: 'connect', ...how }, 'connected', withinMs);
      }),
    );
    const fromUs = Math.min(...times.map((time) => time.fromUs));
    return (Math.max(...times.map(({ toUs }) => toUs)) - fromUs) / 1e6;
  }

  /** What each process has counted. */
  count(forgetLatencies = false): Promise<Counted[]> {
    const counting = this.#workers.map((worker) => worker.ask({ do: 'collect', forgetLatencies }, 'counted'));
    return Promise.all(counting).then((answers) => answers.map(({ counted }) => counted));
  }

  /** Calls the listener with the total number of received messages whenever it grows. */
  onFrames(listener: (frames: number) => void): () => void {
    const seen = new Map<Worker, number>();
    const ignore = this.#workers.map((worker) =>
      worker.listen((message) => {
        if (message.is !== 'seen') return;
        seen.set(worker, message.frames);
        listener([...seen.values()].reduce((a, b) => a + b));
      }),
    );
    return () => ignore.forEach((stop) => void stop());
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.end()));
  }
}

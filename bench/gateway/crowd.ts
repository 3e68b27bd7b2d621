import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Counted, Dialect, Plan } from './messages.ts';
import { Worker } from './worker.ts';

/** Processes of clients: one on each core that the server does not use, but two at least. */
export const clientProcesses = (serverCores = 1) => Math.max(2, availableParallelism() - serverCores);
const script = fileURLToPath(new URL('./client/main.js', import.meta.url));

/** What connections a crowd is to make. */
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
  /** Connections so far; the next ones go on counting from here. */
  #size = 0;

  private constructor(workers: readonly Worker[]) {
    this.#workers = workers;
  }

  /** Starts the processes, on the cores that the server leaves. */
  static async start(serverCores = 1): Promise<Crowd> {
    const cores = availableParallelism();
    const free = Math.max(1, cores - serverCores);
    const workers = Array.from({ length: clientProcesses(serverCores) }, (_, n) => {
      return new Worker([script], [Math.min(cores - 1, serverCores + (n % free))]);
    });
    await Promise.all(workers.map((worker) => worker.next('ready')));
    return new Crowd(workers);
  }

  /** Makes connections, and resolves with the seconds until all were subscribed. */
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

  /** Calls with the messages that all have received together, whenever there are more. */
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

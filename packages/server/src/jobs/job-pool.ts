import pg from 'pg';
import type { ConnectionWatch } from '../db/connection-watch.ts';
import { isDatabaseUnavailable, toDatabaseError } from '../db/database-errors.ts';
import { clientConfig, type DatabaseTarget } from '../db/database-target.ts';
import { WatchedClient } from '../db/watched-client.ts';
import { backOffMs } from '../domain/back-off.ts';
import { pause } from '../domain/pause.ts';

/** How connections wait for a database that is away. */
const backOff = { firstMs: 100, longestMs: 2_000, jitter: [0.75, 1.25] } as const;

/** graphile-worker repeats a statement only after certain errors, this one among them. */
const repeatableCode = '40001';

/**
 * The statements with which graphile-worker completes and fails jobs, by their names. It does not wait for them: one
 * that it does not repeat, or has repeated a hundred times, would end the process with an unhandled rejection.
 */
const completionNames = /^(complete|fail)_job(_q)?\//;

/** Repeats the completions of jobs after any failure, and gives up before graphile-worker does. */
class Completions {
  readonly #repeatMs: number;
  readonly #onGivenUp: (error: Error) => void;
  /** Those that have failed, and when they first did. */
  readonly #failed = new Map<string, { readonly at: number; readonly error: Error }>();

  constructor(repeatMs: number, onGivenUp: (error: Error) => void) {
    this.#repeatMs = repeatMs;
    this.#onGivenUp = onGivenUp;
  }

  /** Runs a completion, if it has not been repeated for too long. */
  async run(completion: string, query: () => Promise<unknown>): Promise<unknown> {
    const failed = this.#failed.get(completion);
    if (failed && performance.now() - failed.at > this.#repeatMs) {
      this.#failed.delete(completion);
      this.#onGivenUp(failed.error);
      return;
    }
    try {
      const result = await query();
      this.#failed.delete(completion);
      return result;
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      this.#failed.set(completion, { at: failed?.at ?? performance.now(), error });
      throw repeatable(error);
    }
  }
}

class JobClient extends WatchedClient {
  readonly #completions: Completions;

  constructor(config: pg.ClientConfig, completions: Completions) {
    super(config);
    this.#completions = completions;
  }

  // biome-ignore lint/suspicious/noExplicitAny: the driver's overloads cannot be expressed in one signature
  override query(...args: any[]): any {
    const completion = completionOf(args[0]);
    if (completion !== undefined) return this.#completions.run(completion, () => super.query(...args));
    const result: unknown = super.query(...args);
    return result instanceof Promise ? result.catch(rethrowRepeatable) : result;
  }
}

/** What is completed, if a statement is a completion. */
function completionOf(statement: unknown): string | undefined {
  if (typeof statement !== 'object' || statement === null) return undefined;
  if (!('name' in statement && 'values' in statement)) return undefined;
  const { name, values } = statement;
  return typeof name === 'string' && completionNames.test(name) ? JSON.stringify([name, values]) : undefined;
}

function rethrowRepeatable(error: Error): never {
  const marked = toDatabaseError(error);
  throw isDatabaseUnavailable(marked) ? repeatable(marked) : marked;
}

/** An error after which graphile-worker repeats its statement. */
function repeatable(error: Error): Error {
  return Object.assign(new Error(`The statement is repeated: ${error.message}`, { cause: error }), {
    code: repeatableCode,
  });
}

/** As the pool calls back once it has a connection; with the error alone if the pool has ended. */
type OnConnected = (
  error: Error | undefined,
  client?: pg.PoolClient,
  release?: (error?: Error | boolean) => void,
) => void;

/**
 * graphile-worker releases the connection of its notifications twice if it is lost while the queue stops; the second
 * time would be an unhandled rejection, which ends the process.
 */
function releasedOnce(callback: OnConnected): OnConnected {
  return (error, client, release) => {
    let isReleased = false;
    callback(error, client, (reason) => {
      if (!isReleased) release?.(reason);
      isReleased = true;
    });
  };
}

/** The connections of the job queues. Their statements are repeated after a lost connection, and wait while there is none. */
export class JobPool extends pg.Pool {
  readonly #stopping: AbortSignal;
  readonly #onError: (error: Error) => void;
  #giveUp: () => void = () => {};
  /** Resolves when there was no connection while the queue stopped: what still waits for one never gets it. */
  readonly hasGivenUp = new Promise<void>((resolve) => {
    this.#giveUp = resolve;
  });

  /**
   * @param stopping ends the waits for the database.
   * @param repeatMs for how long the completion of a job is repeated: until then, no other process releases the job.
   * @param onError called with the error of each lost connection and each failed attempt to connect.
   * @param onGivenUp called with the last error of a completion that is no longer repeated: the job runs again.
   */
  constructor(
    target: DatabaseTarget,
    options: {
      readonly max: number;
      readonly watch: ConnectionWatch | undefined;
      readonly stopping: AbortSignal;
      readonly repeatMs: number;
      readonly onError: (error: Error) => void;
      readonly onGivenUp: (error: Error) => void;
    },
  ) {
    const config = clientConfig(target, 'mevrik jobs');
    const completions = new Completions(options.repeatMs, options.onGivenUp);
    super({
      max: options.max,
      idleTimeoutMillis: 0,
      // Not the pool's own settings: its time limit includes the wait for a free connection.
      Client: class extends JobClient {
        constructor() {
          super(config, completions);
          options.watch?.add(this);
        }
      },
    });
    this.#stopping = options.stopping;
    this.#onError = options.onError;
    this.on('error', options.onError);
    this.on('connect', (client) => client.on('error', options.onError));
  }

  // biome-ignore lint/suspicious/noExplicitAny: with a callback, as the pool itself calls it, or without one
  override connect(callback?: any): any {
    return callback ? super.connect(releasedOnce(callback)) : this.#connectPatiently();
  }

  async #connectPatiently(): Promise<pg.PoolClient> {
    for (let failures = 1; ; failures++) {
      try {
        return await super.connect();
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        this.#onError(error);
        if (this.#stopping.aborted) {
          // Not rejected: graphile-worker does not handle the rejection of a statement that completes a job.
          this.#giveUp();
          return new Promise(() => {});
        }
        await pause(backOffMs(backOff, failures), this.#stopping);
      }
    }
  }
}

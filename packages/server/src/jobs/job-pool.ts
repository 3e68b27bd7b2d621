import pg from 'pg';
import type { ConnectionWatch } from '../db/connection-watch.ts';
import { isDatabaseUnavailable, toDatabaseError } from '../db/database-errors.ts';
import { clientConfig, type DatabaseTarget } from '../db/database-target.ts';
import { WatchedClient } from '../db/watched-client.ts';
import { backOffMs } from '../domain/back-off.ts';
import { pause } from '../domain/pause.ts';

/** How connections wait for a database that is away. */
const backOff = { firstMs: 100, longestMs: 2_000, jitter: [0.75, 1.25] } as const;

/**
 * graphile-worker repeats a statement only after certain errors, this one among them. After a lost connection it would
 * end the process with an unhandled rejection, because it does not wait for the statement that completes a job.
 */
const repeatableCode = '40001';

class JobClient extends WatchedClient {
  // biome-ignore lint/suspicious/noExplicitAny: the driver's overloads cannot be expressed in one signature
  override query(...args: any[]): any {
    const result: unknown = super.query(...args);
    return result instanceof Promise ? result.catch(rethrowRepeatable) : result;
  }
}

function rethrowRepeatable(error: Error): never {
  const marked = toDatabaseError(error);
  if (!isDatabaseUnavailable(marked)) throw marked;
  throw Object.assign(new Error(`The database is away: ${error.message}`, { cause: marked }), {
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
   * @param onError called with the error of each lost connection and each failed attempt to connect.
   */
  constructor(
    target: DatabaseTarget,
    options: {
      readonly max: number;
      readonly watch: ConnectionWatch | undefined;
      readonly stopping: AbortSignal;
      readonly onError: (error: Error) => void;
    },
  ) {
    const config = clientConfig(target, 'mevrik jobs');
    super({
      max: options.max,
      idleTimeoutMillis: 0,
      // Not the pool's own settings: its time limit includes the wait for a free connection.
      Client: class extends JobClient {
        constructor() {
          super(config);
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

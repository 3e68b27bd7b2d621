import pg from 'pg';

/** The driver's socket is private; there is no other way to cut a connection that is busy. */
interface Cuttable {
  readonly connection: { readonly stream: { destroy(): void } };
}

/** A connection that knows for how long it has been waiting for the database. */
export class WatchedClient extends pg.Client {
  #unanswered = 0;
  #waitingSince = 0;

  /** Milliseconds since the database last answered what is unanswered now; 0 when nothing is. */
  get waitingMs(): number {
    return this.#unanswered === 0 ? 0 : performance.now() - this.#waitingSince;
  }

  /** The server process of this connection; `undefined` until it is connected. */
  get backendPid(): number | undefined {
    return (this as unknown as { readonly processID: number | null }).processID ?? undefined;
  }

  // biome-ignore lint/suspicious/noExplicitAny: the driver's overloads cannot be expressed in one signature
  override connect(...args: any[]): any {
    return this.#awaited(super.connect, args);
  }

  // biome-ignore lint/suspicious/noExplicitAny: the same
  override query(...args: any[]): any {
    return this.#awaited(super.query, args);
  }

  /** Closes the connection without waiting for the database; what is unanswered fails. */
  cut(): void {
    (this as unknown as Cuttable).connection.stream.destroy();
  }

  /** Calls a method that takes a callback as its last argument, or returns a promise without one. */
  // biome-ignore lint/suspicious/noExplicitAny: the same
  #awaited(method: any, args: any[]): any {
    if (this.#unanswered === 0) this.#waitingSince = performance.now();
    this.#unanswered += 1;
    const callback = args.at(-1);
    if (typeof callback === 'function') {
      return method.apply(this, [
        ...args.slice(0, -1),
        // biome-ignore lint/suspicious/noExplicitAny: the same
        (...results: any[]) => {
          this.#answered();
          callback(...results);
        },
      ]);
    }
    const result: Promise<unknown> = method.apply(this, args);
    const answered = () => this.#answered();
    result.then(answered, answered);
    return result;
  }

  #answered(): void {
    this.#unanswered -= 1;
    this.#waitingSince = performance.now();
  }
}

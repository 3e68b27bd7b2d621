import pg from 'pg';

/** The driver's socket is private; there is no other way to cut a connection that is busy. */
interface WithSocket {
  readonly connection: {
    readonly stream: { readonly bytesRead?: number; readonly writableLength?: number; destroy(): void };
  };
}

/** A connection that knows for how long it has been waiting for the database. */
export class WatchedClient extends pg.Client {
  #unanswered = 0;
  #waitingSince = 0;
  #answeredAt = 0;
  #bytesRead = 0;
  #unsent = 0;

  /** Milliseconds since the database last answered, or bytes last moved, while something is unanswered; else 0. */
  get waitingMs(): number {
    return this.#unanswered === 0 ? 0 : performance.now() - this.#waitingSince;
  }

  /** Call regularly: what takes long to transfer is not waiting. */
  observeTraffic(): void {
    const { bytesRead = 0, writableLength = 0 } = this.#socket;
    if (bytesRead !== this.#bytesRead) this.#answeredAt = performance.now();
    if (bytesRead !== this.#bytesRead || writableLength !== this.#unsent)
      this.#waitingSince = performance.now();
    this.#bytesRead = bytesRead;
    this.#unsent = writableLength;
  }

  /** When the database last answered, on the clock of `performance.now`. */
  get answeredAt(): number {
    return this.#answeredAt;
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
    this.#socket.destroy();
  }

  get #socket(): WithSocket['connection']['stream'] {
    return (this as unknown as WithSocket).connection.stream;
  }

  /** Calls a method that takes a callback as its last argument, or returns a promise without one. */
  // biome-ignore lint/suspicious/noExplicitAny: the same
  #awaited(method: any, args: any[]): any {
    if (this.#unanswered === 0) this.#waitingSince = performance.now();
    this.#unanswered += 1;
    let isAnswered = false;
    const answered = () => {
      if (!isAnswered) this.#answered();
      isAnswered = true;
    };
    const callback = args.at(-1);
    if (typeof callback === 'function') {
      return method.apply(this, [
        ...args.slice(0, -1),
        // biome-ignore lint/suspicious/noExplicitAny: the same
        (...results: any[]) => {
          answered();
          callback(...results);
        },
      ]);
    }
    const result: unknown = method.apply(this, args);
    if (result instanceof Promise) result.then(answered, answered);
    else answered();
    return result;
  }

  #answered(): void {
    this.#unanswered -= 1;
    this.#answeredAt = performance.now();
    this.#waitingSince = this.#answeredAt;
  }
}

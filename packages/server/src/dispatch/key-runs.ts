/** Runs work for keys side by side: one run per key, and a limited number of keys at once. */
export class KeyRuns {
  readonly #limit: number;
  readonly #running = new Map<string, Promise<void>>();

  /** @param limit the keys at once; each run takes a database connection. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether no further key can be started now. */
  get isFull(): boolean {
    return this.#running.size >= this.#limit;
  }

  /**
   * Starts work for a key, unless some is running for it already.
   *
   * @param work must not reject. What it returns, if anything, is called when the key can be started again.
   */
  start(key: string, work: () => Promise<(() => void) | undefined>): void {
    if (this.#running.has(key)) return;
    const running = work().then((onEnd) => {
      this.#running.delete(key);
      onEnd?.();
    });
    this.#running.set(key, running);
  }

  /** Resolves when everything that runs now has ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#running.values());
  }
}

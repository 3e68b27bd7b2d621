/**
 * Runs a task each time it is woken, never two at once. A wake-up during a run causes one more run after it, so that
 * nothing that arrived meanwhile is missed.
 */
export class WakeLoop {
  readonly #task: () => Promise<void>;
  #lastRun = Promise.resolve();
  #isRunning = false;
  #isWoken = false;
  #isStopped = false;

  /** @param task must not reject: it handles its own errors, and wakes the loop to retry. */
  constructor(task: () => Promise<void>) {
    this.#task = task;
  }

  /** Whether `stop` was called: a long task then ends early. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Runs the task now, or once more after the current run. Does nothing after `stop`. */
  wake(): void {
    this.#isWoken = true;
    if (this.#isRunning || this.#isStopped) return;
    this.#isRunning = true;
    this.#lastRun = this.#run();
  }

  /** Wakes the loop; resolves when no further run is due. */
  async settled(): Promise<void> {
    this.wake();
    await this.#lastRun;
  }

  /** Starts no further run; resolves when the current one has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#lastRun;
  }

  async #run(): Promise<void> {
    try {
      while (this.#isWoken && !this.#isStopped) {
        this.#isWoken = false;
        await this.#task();
      }
    } finally {
      // In the same step as the last check, so that no wake-up in between is lost.
      this.#isRunning = false;
    }
  }
}

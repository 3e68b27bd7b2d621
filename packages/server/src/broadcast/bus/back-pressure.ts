import { withTimeout } from '../../redis/redis-link.ts';

/**
 * Has publishing wait for Redis, so that no more is queued than it takes, but not while it does not respond: this node's
 * clients are served already and must not wait for it.
 */
export class BackPressure {
  readonly #reached: () => Promise<void>;
  /** Waiting timed out, and what had been posted until then is still queued. */
  #isSlow = false;

  /** @param reached resolves when everything posted before has been sent or dropped. */
  constructor(reached: () => Promise<void>) {
    this.#reached = reached;
  }

  /** Waits until what was posted has arrived, for a moment at most. */
  async wait(posted: Promise<unknown>): Promise<void> {
    if (this.#isSlow) return;
    try {
      await withTimeout(posted);
    } catch {
      // Redis is slow: the outbox keeps the message, and logs it if it is lost.
      this.#isSlow = true;
      void this.#reached().then(() => this.reset());
    }
  }

  /** Redis is connected again, or has received what was posted. */
  reset(): void {
    this.#isSlow = false;
  }
}

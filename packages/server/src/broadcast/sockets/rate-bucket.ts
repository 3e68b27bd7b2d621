/** A token bucket: allows a sustained rate, and bursts up to its size. */
export class RateBucket {
  readonly #perSecond: number;
  readonly #size: number;
  #level: number;
  #at = performance.now();

  constructor(perSecond: number, size: number) {
    this.#perSecond = perSecond;
    this.#size = size;
    this.#level = size;
  }

  /** Takes one token. Returns `false` when none is left. */
  take(): boolean {
    const now = performance.now();
    this.#level = Math.min(this.#size, this.#level + ((now - this.#at) / 1000) * this.#perSecond);
    this.#at = now;
    if (this.#level < 1) return false;
    this.#level -= 1;
    return true;
  }
}

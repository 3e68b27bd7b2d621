/** Limits the work in flight on a node: `hold` waits, first in first out, until enough slots are free. */
export class Slots {
  #free: number;
  readonly #size: number;
  readonly #waiting: { count: number; enter: () => void }[] = [];

  constructor(size: number) {
    this.#size = size;
    this.#free = size;
  }

  /** The number of slots in use. */
  get inUse(): number {
    return this.#size - this.#free;
  }

  /** Runs `work` while holding `count` slots (at most all of them). */
  async hold<Result>(count: number, work: () => Promise<Result>): Promise<Result> {
    const wanted = Math.min(count, this.#size);
    if (this.#waiting.length > 0 || this.#free < wanted) {
      await new Promise<void>((enter) => this.#waiting.push({ count: wanted, enter }));
    } else {
      this.#free -= wanted;
    }
    try {
      return await work();
    } finally {
      this.#free += wanted;
      this.#admit();
    }
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next && next.count <= this.#free; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#free -= next.count;
      next.enter();
    }
  }
}

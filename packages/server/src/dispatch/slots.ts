/** Bounds what a node has in flight: `take` waits, first come first served, until there is room. */
export class Slots {
  #free: number;
  readonly #size: number;
  readonly #waiting: { count: number; enter: () => void }[] = [];

  constructor(size: number) {
    this.#size = size;
    this.#free = size;
  }

  /** How many are taken. */
  get taken(): number {
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

/** Work that runs in the background, and must end before what it uses is closed. */
export class Unfinished {
  readonly #work = new Set<Promise<unknown>>();

  /** Adds work; its errors are those of the returned promise alone. */
  add<Result>(work: Promise<Result>): Promise<Result> {
    this.#work.add(work);
    const end = () => void this.#work.delete(work);
    work.then(end, end);
    return work;
  }

  /** Resolves when all of it has ended, however it did. */
  async ended(): Promise<void> {
    while (this.#work.size > 0) await Promise.allSettled(this.#work);
  }
}

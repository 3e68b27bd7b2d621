/** Counts by key, and forgets keys of which there is nothing left. */
export class Tally<Key> {
  readonly #counts = new Map<Key, number>();

  /** How many there are. */
  of(key: Key): number {
    return this.#counts.get(key) ?? 0;
  }

  /** One more. */
  add(key: Key): void {
    this.#counts.set(key, this.of(key) + 1);
  }

  /** One less. */
  remove(key: Key): void {
    const left = this.of(key) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }
}

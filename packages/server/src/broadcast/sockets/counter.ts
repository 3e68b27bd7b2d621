/** Counts by key. Keys with a count of zero take no memory. */
export class Counter<Key> {
  readonly #counts = new Map<Key, number>();

  get(key: Key): number {
    return this.#counts.get(key) ?? 0;
  }

  increment(key: Key): void {
    this.#counts.set(key, this.get(key) + 1);
  }

  decrement(key: Key): void {
    const remaining = this.get(key) - 1;
    if (remaining > 0) this.#counts.set(key, remaining);
    else this.#counts.delete(key);
  }
}

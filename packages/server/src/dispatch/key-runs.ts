/** Runs work for keys side by side: one run per key, a limited number at once, and a share of it for each group of keys. */
export class KeyRuns {
  readonly #limit: number;
  readonly #running = new Map<
    string,
    { readonly groups: readonly string[]; readonly ended: Promise<void> }
  >();

  /** @param limit the keys at once; each run takes a database connection. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether no further key can be started now. */
  get isFull(): boolean {
    return this.#running.size >= this.#limit;
  }

  /**
   * Whether a key of these groups can be started now. A group never fills the limit alone, so that one that hangs leaves
   * room for others.
   */
  hasRoomFor(groups: readonly string[]): boolean {
    if (this.isFull) return false;
    const share = Math.max(1, this.#limit - 1);
    return groups.every((group) => this.#countOf(group) < share);
  }

  /**
   * Starts work for a key, unless some is running for it already.
   *
   * @param work must not reject. What it returns, if anything, is called when the key can be started again.
   */
  start(key: string, groups: readonly string[], work: () => Promise<(() => void) | undefined>): void {
    if (this.#running.has(key)) return;
    const ended = work().then((onEnd) => {
      this.#running.delete(key);
      onEnd?.();
    });
    this.#running.set(key, { groups, ended });
  }

  /** Resolves when everything that runs now has ended. */
  async ended(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  #countOf(group: string): number {
    return [...this.#running.values()].filter(({ groups }) => groups.includes(group)).length;
  }
}

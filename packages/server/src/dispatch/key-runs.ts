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
   * room for others; and keys that have all their groups in common only start while they have fewer runs than are free,
   * so that each such combination takes at most half of what others have left.
   */
  hasRoomFor(groups: readonly string[]): boolean {
    const share = Math.max(1, this.#limit - 1);
    const free = this.#limit - this.#running.size;
    return groups.every((group) => this.countOf([group]) < share) && this.countOf(groups) < free;
  }

  /** How many keys run that are in all of these groups. */
  countOf(groups: readonly string[]): number {
    return [...this.#running.values()].filter((one) => groups.every((group) => one.groups.includes(group)))
      .length;
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
}

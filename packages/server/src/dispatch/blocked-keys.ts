/** The keys of a partition that wait behind a parked event, for each subscription. */
export class BlockedKeys {
  readonly #keys = new Map<string, Set<string>>();

  /** The blocked keys of a subscription. */
  of(subscription: string): ReadonlySet<string> {
    return this.#keys.get(subscription) ?? new Set();
  }

  /** Blocks a key. */
  add(subscription: string, key: string): void {
    const keys = this.#keys.get(subscription) ?? new Set();
    this.#keys.set(subscription, keys.add(key));
  }

  /** Unblocks a key. */
  delete(subscription: string, key: string): void {
    this.#keys.get(subscription)?.delete(key);
  }

  /** Blocks these keys instead of all others. */
  replace(blocked: readonly { readonly subscription: string; readonly key: string }[]): void {
    this.#keys.clear();
    for (const { subscription, key } of blocked) this.add(subscription, key);
  }
}

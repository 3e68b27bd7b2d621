/** The minimum time between two notices of one node. */
const intervalMs = 500;

/**
 * Throttles `log_moved`: events were appended, or listeners handled them or failed. The first change is published at
 * once, those of the next half second together, so that a busy log causes no more notices than a quiet one.
 */
export class LogMovedThrottle {
  readonly #publish: (appIds: readonly number[]) => void;
  readonly #moved = new Set<number>();
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(publish: (appIds: readonly number[]) => void) {
    this.#publish = publish;
  }

  /** Adds the apps of these events to the next notice. */
  add(events: readonly { readonly appId: number }[]): void {
    if (this.#isStopped) return;
    for (const { appId } of events) this.#moved.add(appId);
    if (!this.#timer) this.#flush();
  }

  /** Publishes what is pending and stops. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    if (this.#moved.size > 0) this.#publish([...this.#moved]);
  }

  #flush(): void {
    this.#timer = undefined;
    if (this.#moved.size === 0) return;
    const appIds = [...this.#moved];
    this.#moved.clear();
    this.#timer = setTimeout(() => this.#flush(), intervalMs);
    this.#publish(appIds);
  }
}

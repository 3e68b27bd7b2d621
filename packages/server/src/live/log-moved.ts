/** Telling of changes of one node, at most. */
const everyMs = 500;

/**
 * Tells that something has moved in an app's log: events came in, listeners handled them or failed. The first change
 * is told at once, those of the next half second together, so that a busy log costs no more than a quiet one.
 */
export class LogNews {
  readonly #tell: (appIds: readonly number[]) => void;
  readonly #moved = new Set<number>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(tell: (appIds: readonly number[]) => void) {
    this.#tell = tell;
  }

  /** Something became of these events. */
  note(events: readonly { readonly appId: number }[]): void {
    if (this.#stopped) return;
    for (const { appId } of events) this.#moved.add(appId);
    if (!this.#timer) this.#flush();
  }

  /** Tells what is left, and nothing any more. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    if (this.#moved.size > 0) this.#tell([...this.#moved]);
  }

  #flush(): void {
    this.#timer = undefined;
    if (this.#moved.size === 0) return;
    const appIds = [...this.#moved];
    this.#moved.clear();
    this.#timer = setTimeout(() => this.#flush(), everyMs);
    this.#tell(appIds);
  }
}

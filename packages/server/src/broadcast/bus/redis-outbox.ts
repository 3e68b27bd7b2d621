import { NotSentError } from '../../redis/redis-link.ts';

/** Something that is to be published under a name. */
export interface Letter {
  readonly name: string;
  readonly text: string;
  /** Whoever gets it twice knows: it may be sent again when it is not known to have arrived. */
  readonly isRepeatable: boolean;
}

/** What an outbox is given. */
export interface OutboxOptions {
  /** Whether a letter could go out now: with those of other names it may be otherwise. */
  readonly isReady: (letter: Letter) => boolean;
  /** Rejects when it may not have arrived; with `NotSentError` when it surely did not. */
  readonly send: (letter: Letter) => Promise<unknown>;
  /** Tells the other side that something was dropped; rejects when it may not have arrived. */
  readonly confess: () => Promise<unknown>;
  /** What may wait. */
  readonly maxLetters: number;
  readonly maxBytes: number;
  readonly onLost: (letters: number) => void;
}

const retryMs = 1_000;

interface Waiting {
  readonly letter: Letter;
  readonly number: number;
  isOnItsWay: boolean;
  /** Sent, and not known to have arrived. */
  isDoubtful: boolean;
}

/**
 * What is on its way to Redis, in order. While Redis is away it waits, bounded; beyond that all of it is dropped, and
 * the others are told so when Redis is back.
 */
export class Outbox {
  readonly #with: OutboxOptions;
  readonly #waiting = new Set<Waiting>();
  #bytes = 0;
  #posted = 0;
  #hasDropped = false;
  /** The names of what could not be sent: what is posted under them waits behind it. */
  readonly #stuck = new Set<string>();
  #waiters: { readonly upTo: number; readonly resolve: () => void }[] = [];
  #retry: NodeJS.Timeout | undefined;

  constructor(options: OutboxOptions) {
    this.#with = options;
  }

  /** Sends a letter now, or when Redis is back; resolves when it has arrived, or was dropped. */
  async post(letter: Letter): Promise<void> {
    const { maxLetters, maxBytes } = this.#with;
    const waiting = { letter, number: ++this.#posted, isOnItsWay: false, isDoubtful: false };
    this.#waiting.add(waiting);
    this.#bytes += letter.text.length;
    if (this.#waiting.size > maxLetters || this.#bytes > maxBytes) this.#drop();
    else await this.#send(waiting);
  }

  /** Sends everything that waits, in order: Redis is back. */
  async flush(): Promise<void> {
    // What is newer than the gap must not arrive before it is known that there is one.
    if (this.#hasDropped && !(await this.#confess())) return;
    // Whether they had arrived nobody knows, and a second time they would be taken for news.
    const lost = [...this.#waiting].filter(({ letter, isDoubtful }) => isDoubtful && !letter.isRepeatable);
    for (const one of lost) this.#done(one);
    if (lost.length > 0) this.#with.onLost(lost.length);
    const waiting = [...this.#waiting].filter(({ isOnItsWay }) => !isOnItsWay);
    this.#stuck.clear();
    await Promise.all(waiting.map((one) => this.#send(one)));
  }

  /** Resolves when nothing waits of what was posted before. */
  reached(): Promise<void> {
    const upTo = this.#posted;
    if (this.#oldest > upTo) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ upTo, resolve }));
  }

  /** Begins nothing further. */
  stop(): void {
    clearTimeout(this.#retry);
  }

  /** The number of the oldest letter that waits. While it is not known what was dropped, that is the first. */
  get #oldest(): number {
    if (this.#hasDropped) return 0;
    const [first] = this.#waiting;
    return first?.number ?? Number.POSITIVE_INFINITY;
  }

  async #send(waiting: Waiting): Promise<void> {
    const { isReady, send, onLost } = this.#with;
    const { letter } = waiting;
    if (this.#hasDropped) return;
    if (this.#stuck.has(letter.name) || !isReady(letter)) {
      this.#stuck.add(letter.name);
      return;
    }
    waiting.isOnItsWay = true;
    try {
      await send(letter);
    } catch (error) {
      waiting.isOnItsWay = false;
      waiting.isDoubtful ||= !(error instanceof NotSentError);
      this.#stuck.add(letter.name);
      if (!isReady(letter)) return;
      // Refused, not cut off: later ones may have arrived, and this one would be taken for an old one.
      onLost(1);
      this.#hasDropped = true;
      this.#retryLater();
    }
    this.#done(waiting);
  }

  /** Whether the others know, from here on, that something was dropped. */
  async #confess(): Promise<boolean> {
    try {
      await this.#with.confess();
    } catch {
      this.#retryLater();
      return false;
    }
    this.#hasDropped = false;
    this.#tellWaiters();
    return true;
  }

  /** Mostly Redis is gone then, and its return sends everything; this is for refusals without that. */
  #retryLater(): void {
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      void this.flush();
    }, retryMs).unref();
  }

  #drop(): void {
    this.#with.onLost(this.#waiting.size);
    this.#hasDropped = true;
    this.#retryLater();
    this.#waiting.clear();
    this.#stuck.clear();
    this.#bytes = 0;
  }

  #done(waiting: Waiting): void {
    if (!this.#waiting.delete(waiting)) return;
    this.#bytes -= waiting.letter.text.length;
    this.#tellWaiters();
  }

  #tellWaiters(): void {
    if (this.#waiters.length === 0) return;
    const oldest = this.#oldest;
    for (const { upTo, resolve } of this.#waiters) if (upTo < oldest) resolve();
    this.#waiters = this.#waiters.filter(({ upTo }) => upTo >= oldest);
  }
}

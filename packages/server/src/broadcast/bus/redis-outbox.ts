import { NotSentError } from '../../redis/redis-link.ts';

/** A message to publish under a name. */
export interface Publication {
  readonly name: string;
  readonly text: string;
  /** Receivers recognize duplicates: it may be resent when its arrival is unconfirmed. */
  readonly isRepeatable: boolean;
}

/** What an outbox depends on. */
export interface RedisOutboxDeps {
  /** Whether it could be sent now; this differs by name. */
  readonly isReady: (publication: Publication) => boolean;
  /** Rejects when it may not have arrived; with `NotSentError` when it certainly did not. */
  readonly send: (publication: Publication) => Promise<unknown>;
  /** Reports to the other nodes that messages were dropped; rejects when that may not have arrived. */
  readonly reportGap: () => Promise<unknown>;
  /** Maximum number of queued publications. */
  readonly maxPublications: number;
  readonly maxBytes: number;
  readonly onLost: (publications: number) => void;
}

const retryMs = 1_000;

interface Waiting {
  readonly publication: Publication;
  readonly number: number;
  isInFlight: boolean;
  /** Sent, arrival unconfirmed. */
  isUnconfirmed: boolean;
}

/**
 * The ordered queue of publications to Redis. While Redis is unavailable they are queued up to a limit; beyond it all are
 * dropped, and the gap is reported to the other nodes when Redis is back.
 */
export class RedisOutbox {
  readonly #deps: RedisOutboxDeps;
  readonly #waiting = new Set<Waiting>();
  #bytes = 0;
  #posted = 0;
  #hasDropped = false;
  /** Names with an unsent publication: later ones of the same name queue behind it. */
  readonly #blocked = new Set<string>();
  #waiters: { readonly upTo: number; readonly resolve: () => void }[] = [];
  #retry: NodeJS.Timeout | undefined;

  constructor(deps: RedisOutboxDeps) {
    this.#deps = deps;
  }

  /** Sends a publication now, or when Redis is back; resolves when it has arrived or was dropped. */
  async post(publication: Publication): Promise<void> {
    const { maxPublications, maxBytes } = this.#deps;
    const waiting = { publication, number: ++this.#posted, isInFlight: false, isUnconfirmed: false };
    this.#waiting.add(waiting);
    this.#bytes += publication.text.length;
    if (this.#waiting.size > maxPublications || this.#bytes > maxBytes) this.#drop();
    else await this.#send(waiting);
  }

  /** Sends everything queued, in order, after Redis is back. */
  async flush(): Promise<void> {
    // The gap must be reported before anything newer arrives.
    if (this.#hasDropped && !(await this.#reportGap())) return;
    // Their arrival is unconfirmed, and receivers would not recognize a duplicate.
    const lost = [...this.#waiting].filter(
      ({ publication, isUnconfirmed }) => isUnconfirmed && !publication.isRepeatable,
    );
    for (const one of lost) this.#done(one);
    if (lost.length > 0) this.#deps.onLost(lost.length);
    const waiting = [...this.#waiting].filter(({ isInFlight }) => !isInFlight);
    this.#blocked.clear();
    await Promise.all(waiting.map((one) => this.#send(one)));
  }

  /** Resolves when everything posted before has been sent or dropped. */
  reached(): Promise<void> {
    const upTo = this.#posted;
    if (this.#oldest > upTo) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ upTo, resolve }));
  }

  /** Cancels the retry. */
  stop(): void {
    clearTimeout(this.#retry);
  }

  /** The number of the oldest queued publication; 0 while a gap has not been reported. */
  get #oldest(): number {
    if (this.#hasDropped) return 0;
    const [first] = this.#waiting;
    return first?.number ?? Number.POSITIVE_INFINITY;
  }

  async #send(waiting: Waiting): Promise<void> {
    const { isReady, send, onLost } = this.#deps;
    const { publication } = waiting;
    if (this.#hasDropped) return;
    if (this.#blocked.has(publication.name) || !isReady(publication)) {
      this.#blocked.add(publication.name);
      return;
    }
    waiting.isInFlight = true;
    try {
      await send(publication);
    } catch (error) {
      waiting.isInFlight = false;
      waiting.isUnconfirmed ||= !(error instanceof NotSentError);
      this.#blocked.add(publication.name);
      if (!isReady(publication)) return;
      // Rejected, not disconnected: later ones may have arrived, and this one would be out of order.
      onLost(1);
      this.#hasDropped = true;
      this.#retryLater();
    }
    this.#done(waiting);
  }

  /** Resolves to whether the gap was reported. */
  async #reportGap(): Promise<boolean> {
    try {
      await this.#deps.reportGap();
    } catch {
      // The loss was logged; its report is retried.
      this.#retryLater();
      return false;
    }
    this.#hasDropped = false;
    this.#resolveWaiters();
    return true;
  }

  /** Usually Redis is disconnected and its return sends everything; this covers rejections by a connected Redis. */
  #retryLater(): void {
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      void this.flush();
    }, retryMs).unref();
  }

  #drop(): void {
    this.#deps.onLost(this.#waiting.size);
    this.#hasDropped = true;
    this.#retryLater();
    this.#waiting.clear();
    this.#blocked.clear();
    this.#bytes = 0;
  }

  #done(waiting: Waiting): void {
    if (!this.#waiting.delete(waiting)) return;
    this.#bytes -= waiting.publication.text.length;
    this.#resolveWaiters();
  }

  #resolveWaiters(): void {
    if (this.#waiters.length === 0) return;
    const oldest = this.#oldest;
    for (const { upTo, resolve } of this.#waiters) if (upTo < oldest) resolve();
    this.#waiters = this.#waiters.filter(({ upTo }) => upTo >= oldest);
  }
}

import type { Stop } from './emitter.ts';
import type { Typing } from './events.ts';

/** How often the signal is repeated while the user keeps typing. */
const repeatMs = 2_000;
/** A participant without a signal for this long has stopped typing. */
const expiryMs = 5_000;

/** Sends and receives typing signals on a topic. */
export class TypingSignal {
  readonly #send: (data: { typing: boolean }) => void;
  readonly #listeners = new Set<(typing: Typing) => void>();
  readonly #others = new Map<string | undefined, ReturnType<typeof setTimeout>>();
  #isTyping = false;
  #sentAt = Number.NEGATIVE_INFINITY;

  constructor(send: (data: { typing: boolean }) => void) {
    this.#send = send;
  }

  /** Call it on every keystroke; it notifies the others at intervals. */
  start(): void {
    const now = Date.now();
    if (this.#isTyping && now - this.#sentAt < repeatMs) return;
    this.#isTyping = true;
    this.#sentAt = now;
    this.#send({ typing: true });
  }

  /** Call it when the user has sent or cleared the text. */
  stop(): void {
    if (!this.#isTyping) return;
    this.#isTyping = false;
    this.#send({ typing: false });
  }

  /** Listens for others who start or stop typing; a missing signal counts as stopped. */
  on(listener: (typing: Typing) => void): Stop {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** For the subscription: a typing signal arrived. */
  receive(who: string | undefined, data: unknown): void {
    const typing = (data as { typing?: unknown } | null)?.typing === true;
    const expiry = this.#others.get(who);
    clearTimeout(expiry);
    this.#others.delete(who);
    if (typing)
      this.#others.set(
        who,
        setTimeout(() => this.receive(who, { typing: false }), expiryMs),
      );
    // The others already know.
    if (typing !== (expiry !== undefined)) for (const listen of [...this.#listeners]) listen({ who, typing });
  }

  /** For the subscription: no signal can arrive anymore. */
  onDisconnected(): void {
    this.#isTyping = false;
    for (const who of [...this.#others.keys()]) this.receive(who, { typing: false });
  }
}

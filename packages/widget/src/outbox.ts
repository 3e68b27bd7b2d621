import { MevrikError, randomKey } from '@mevrik/client';
import type { OutboxMessage } from './conversation-state.ts';
import type { UnsentMessage, WidgetStorage } from './storage.ts';

/** Options of an outbox. */
export interface MessageOutboxOptions {
  /** Sends a message under its idempotency key; resolves to `false` if there is no connection to try. */
  readonly post: (message: UnsentMessage, signal: AbortSignal) => Promise<boolean>;
  readonly onChange: (unsent: readonly OutboxMessage[]) => void;
}

/** Unsent messages: they survive page loads and are sent one by one, in order. */
export class MessageOutbox {
  readonly #storage: WidgetStorage;
  readonly #options: MessageOutboxOptions;
  #sending = false;
  /** Aborts the request in flight. */
  #run = new AbortController();
  unsent: readonly OutboxMessage[];

  constructor(storage: WidgetStorage, options: MessageOutboxOptions) {
    this.#storage = storage;
    this.#options = options;
    this.unsent = storage.read().outbox ?? [];
  }

  /** Adds a message; `after` is the id of the last message before it. */
  add(text: string, after: number): void {
    this.#keep([...this.unsent, { key: randomKey(), text, at: new Date().toISOString(), after }]);
  }

  /** Removes a message that the server has stored as `id`: the others come after it. */
  stored(key: string, id: number): void {
    const others = this.unsent.filter((one) => one.key !== key);
    this.#keep(others.map((one) => ({ ...one, after: Math.max(one.after ?? 0, id) })));
  }

  /** Discards a message at the visitor's request. */
  drop(key: string): void {
    this.#keep(this.unsent.filter((one) => one.key !== key));
  }

  /** Discards all unsent messages. */
  discard(): void {
    this.#stop();
    this.#keep([]);
  }

  /** Reloads the messages that another tab has stored. */
  reread(): void {
    this.#stop();
    this.unsent = this.#storage.read().outbox ?? [];
    this.#options.onChange(this.unsent);
  }

  /** Sends the unsent messages in order. One that the server rejects stays and does not block the others. */
  async send(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    try {
      const next = () => this.unsent.find(({ refused }) => !refused);
      for (let one = next(); one; one = next()) {
        const { key } = one;
        try {
          if (!(await this.#options.post(one, this.#run.signal))) return;
        } catch (error) {
          const refused = isRefusal(error);
          this.#keep(this.unsent.map((old) => (old.key === key ? { ...old, failed: true, refused } : old)));
          if (!refused) return;
        }
      }
    } finally {
      this.#sending = false;
    }
  }

  /** Retries all messages, including rejected ones. */
  async retry(): Promise<void> {
    this.#keep(this.unsent.map(toUnsent));
    await this.send();
  }

  #stop(): void {
    this.#run.abort();
    this.#run = new AbortController();
  }

  #keep(unsent: readonly OutboxMessage[]): void {
    this.unsent = unsent;
    this.#storage.write({ outbox: unsent.map(toUnsent) });
    this.#options.onChange(unsent);
  }
}

/** What is stored of a message, without the state of its last attempt. */
function toUnsent({ key, text, at, after }: OutboxMessage): UnsentMessage {
  return { key, text, at, after };
}

/** Whether an error is permanent: not a network error, an expired token or rate limiting. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof MevrikError)) return false;
  return error.status >= 400 && error.status < 500 && ![401, 429].includes(error.status);
}

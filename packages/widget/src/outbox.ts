import { MevrikError, randomKey } from '@mevrik/client';
import type { OutboxMessage } from './conversation-state.ts';
import type { UnsentMessage, WidgetStorage } from './storage.ts';

/** What an outbox is given. */
export interface MessageOutboxOptions {
  /** Sends one; `false` where that cannot be tried now. A message is sent under its key, so it is stored once. */
  readonly post: (message: UnsentMessage, signal: AbortSignal) => Promise<boolean>;
  readonly onChange: (unsent: readonly OutboxMessage[]) => void;
}

/** What was written and is not taken yet: kept over page loads, and sent one after another, in its order. */
export class MessageOutbox {
  readonly #storage: WidgetStorage;
  readonly #options: MessageOutboxOptions;
  #sending = false;
  /** Ends what is being sent. */
  #run = new AbortController();
  unsent: readonly OutboxMessage[];

  constructor(storage: WidgetStorage, options: MessageOutboxOptions) {
    this.#storage = storage;
    this.#options = options;
    this.unsent = storage.read().outbox ?? [];
  }

  add(text: string): void {
    this.#keep([...this.unsent, { key: randomKey(), text, at: new Date().toISOString() }]);
  }

  /** The server has it. */
  taken(key: string): void {
    this.#keep(this.unsent.filter((one) => one.key !== key));
  }

  /** The visitor no longer wants it sent. */
  drop(key: string): void {
    this.taken(key);
  }

  /** Nobody wants any of it sent. */
  discard(): void {
    this.#stop();
    this.#keep([]);
  }

  /** Takes what another page has left. */
  reread(): void {
    this.#stop();
    this.unsent = this.#storage.read().outbox ?? [];
    this.#options.onChange(this.unsent);
  }

  /** Sends what waits, in its order. What the server refuses for good stays, and holds nothing up. */
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

  /** Tries again what was refused, too. */
  async retry(): Promise<void> {
    this.#keep(this.unsent.map(({ key, text, at }) => ({ key, text, at })));
    await this.send();
  }

  #stop(): void {
    this.#run.abort();
    this.#run = new AbortController();
  }

  #keep(unsent: readonly OutboxMessage[]): void {
    this.unsent = unsent;
    this.#storage.write({ outbox: unsent.map(({ key, text, at }) => ({ key, text, at })) });
    this.#options.onChange(unsent);
  }
}

/** Not a fault that passes: of the line, of a token, of too many at once. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof MevrikError)) return false;
  return error.status >= 400 && error.status < 500 && ![401, 429].includes(error.status);
}

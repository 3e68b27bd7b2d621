import type { Client } from '@mevrik/client';
import type { Message, Page, PageQuery } from '@mevrik/protocol';
import { repeat } from './repeat.ts';

/** A message on a screen. */
export interface Shown {
  readonly id: number;
  readonly text: string | undefined;
}

/** Reads a page of a conversation's history. */
type ReadPage = (page: PageQuery) => Promise<Page<Message>>;

/** A conversation as a page with an SDK client shows it: its history, and what has come live since. */
export class Screen {
  /** Live messages in the order of arrival, since the history was loaded last. */
  live: Shown[] = [];
  /** The history as of the last load. */
  loaded: Shown[] = [];
  /** Live messages that came twice, or after a newer one. */
  readonly wrong: string[] = [];
  readonly #readPage: ReadPage;
  #loads = 0;

  private constructor(readPage: ReadPage) {
    this.#readPage = readPage;
  }

  /** Opens the conversation of a session. */
  static async open(
    client: Pick<Client, 'subscribe'>,
    sessionId: number,
    readPage: ReadPage,
  ): Promise<Screen> {
    const screen = new Screen(readPage);
    const subscription = client.subscribe(`session${sessionId}`);
    const show = ({ message }: { readonly message: Message }) =>
      screen.#show({ id: message.id, text: message.content.text });
    subscription.on('message_post', show);
    subscription.on('message_reply', show);
    subscription.when('load', () => void screen.#load());
    await subscription.ready();
    return screen;
  }

  /** All messages on the screen. */
  shown(): Shown[] {
    const loaded = new Set(this.loaded.map(({ id }) => id));
    return [...this.loaded, ...this.live.filter(({ id }) => !loaded.has(id))];
  }

  #show(message: Shown): void {
    const newest = this.live.at(-1);
    if (this.live.some(({ id }) => id === message.id)) {
      this.wrong.push(`message ${message.id} was received twice`);
    } else if (newest && newest.id > message.id) {
      this.wrong.push(`message ${message.id} was received after message ${newest.id}`);
    }
    this.live.push(message);
  }

  async #load(): Promise<void> {
    this.#loads += 1;
    const load = this.#loads;
    this.live = [];
    const loaded: Shown[] = [];
    let cursor: string | null = null;
    do {
      const from: string | null = cursor;
      const page: Page<Message> = await repeat(() =>
        this.#readPage({ limit: 100, ...(from === null ? {} : { cursor: from }) }),
      );
      loaded.push(...page.items.map(({ id, content }) => ({ id, text: content.text })));
      cursor = page.next;
    } while (cursor !== null);
    // An older one must not replace what a newer one has loaded.
    if (load === this.#loads) this.loaded = loaded;
  }
}

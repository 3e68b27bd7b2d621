import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient, type WebSocketConstructor } from '@mevrik/client';
import type { Message, Page } from '@mevrik/protocol';
import { WebSocket } from 'ws';
import { openingHours } from '../support/bot-replies.ts';
import { pauseMs, repeat } from './repeat.ts';

/** How long one attempt of a request may take. */
const attemptMs = 5_000;

/** What the built-in bot answers with the opening hours. */
const question = 'opening hours';

/** A message that the server has accepted. */
export interface Accepted {
  readonly id: number;
  readonly text: string;
}

/** Where a visitor arrives; `name` is part of what they write. */
interface Arrival {
  readonly url: string;
  readonly appKey: string;
  readonly name: string;
}

/** A message on the visitor's screen. */
interface Shown {
  readonly id: number;
  readonly text: string | undefined;
}

/** A customer in a browser: writes through the SDK, repeats what got no answer, and watches the conversation. */
export class ChaosVisitor {
  readonly sessionId: number;
  /** What was accepted, in the order in which it was written. */
  readonly accepted: Accepted[] = [];
  /** Live messages in the order of arrival, since the history was loaded last. */
  live: Shown[] = [];
  /** The history as of the last load. */
  loaded: Shown[] = [];
  /** Live messages that came twice, or after a newer one; and answers that mean neither "accepted" nor "try again later". */
  readonly wrong: string[] = [];
  readonly #client: ReturnType<typeof createClient>;
  readonly #name: string;
  #written = 0;
  #loads = 0;
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(
    { url, appKey, name }: Arrival,
    { token, sessionId }: { readonly token: string; readonly sessionId: number },
  ) {
    this.sessionId = sessionId;
    this.#name = name;
    const socket = WebSocket as unknown as WebSocketConstructor;
    this.#client = createClient({ url, appKey, token, WebSocket: socket });
  }

  /** Starts a visit and watches the conversation. */
  static async begin(arrival: Arrival): Promise<ChaosVisitor> {
    const { url, appKey } = arrival;
    const visit = await repeat(async () => {
      const response = await fetch(`${url}/v1/visitors`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ appKey }),
        signal: AbortSignal.timeout(attemptMs),
      });
      if (!response.ok) throw new Error(`A visit was answered with ${response.status}.`);
      return (await response.json()) as { accessToken: string; session: { id: number } };
    });
    const visitor = new ChaosVisitor(arrival, { token: visit.accessToken, sessionId: visit.session.id });
    await visitor.#watch();
    return visitor;
  }

  async #watch(): Promise<void> {
    const subscription = this.#client.subscribe(`session${this.sessionId}`);
    const show = ({ message }: { readonly message: Message }) =>
      this.#show({ id: message.id, text: message.content.text });
    subscription.on('message_post', show);
    subscription.on('message_reply', show);
    subscription.when('load', () => void this.#load());
    await subscription.ready();
  }

  #show(message: Shown): void {
    const newest = this.live.at(-1);
    if (this.live.some(({ id }) => id === message.id))
      this.wrong.push(`message ${message.id} was received twice`);
    else if (newest && newest.id > message.id) {
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
      const page: Page<Message> = await repeat(() =>
        this.#client.rest.visitor.messages({ limit: 100, ...(cursor === null ? {} : { cursor }) }),
      );
      loaded.push(...page.items.map(({ id, content }) => ({ id, text: content.text })));
      cursor = page.next;
    } while (cursor !== null);
    // An older one must not replace what a newer one has loaded.
    if (load === this.#loads) this.loaded = loaded;
  }

  /** Writes one message after another: each is repeated with the same key until the server has accepted it. */
  write(signal: AbortSignal): Promise<Accepted | undefined> {
    const written = this.#writing.then(() => this.#writeNext(signal));
    this.#writing = written;
    return written;
  }

  async #writeNext(signal: AbortSignal): Promise<Accepted | undefined> {
    this.#written += 1;
    const text = `${question} ${this.#name}-${this.#written}`;
    const key = randomUUID();
    while (!signal.aborted) {
      try {
        const attempt = AbortSignal.any([signal, AbortSignal.timeout(attemptMs)]);
        const { message } = await this.#client.rest.visitor.writeMessage({ text }, { key, signal: attempt });
        const accepted = { id: message.id, text };
        this.accepted.push(accepted);
        return accepted;
      } catch (error) {
        const status = (error as { status?: number }).status ?? 0;
        if (status >= 400 && status < 500 && status !== 429 && status !== 409) {
          this.wrong.push(`${text}: ${status} ${(error as Error).message}`);
        }
        await delay(pauseMs);
      }
    }
    return undefined;
  }

  /** All messages on the screen. */
  shown(): Shown[] {
    const loaded = new Set(this.loaded.map(({ id }) => id));
    return [...this.loaded, ...this.live.filter(({ id }) => !loaded.has(id))];
  }

  /** Whether a message and the bot's reply to it are on the screen: each message has one, in order. */
  hasReply(message: Accepted): boolean {
    const shown = this.shown();
    const asked = shown.filter(({ id, text }) => id <= message.id && text?.startsWith(question));
    const replies = shown.filter(({ text }) => text?.startsWith(openingHours));
    return asked.some(({ id }) => id === message.id) && replies.length >= asked.length;
  }

  leave(): void {
    this.#client.disconnect();
  }
}

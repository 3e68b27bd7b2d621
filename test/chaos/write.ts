import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { pauseMs } from './repeat.ts';

/** How long one attempt of a request may take. */
export const attemptMs = 5_000;

/** A message that the server has accepted. */
export interface Accepted {
  readonly id: number;
  readonly text: string;
}

/** Sends one message after another through the SDK: each is repeated with the same key until it is accepted. */
export class Writer {
  /** What was accepted, in the order in which it was written. */
  readonly accepted: Accepted[] = [];
  /** Answers that mean neither "accepted" nor "try again later". */
  readonly wrong: string[] = [];
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param send sends the message once.
   * @returns the message; `undefined` if the signal was aborted first.
   */
  write(
    text: string,
    signal: AbortSignal,
    send: (options: { key: string; signal: AbortSignal }) => Promise<{ message: { id: number } }>,
  ): Promise<Accepted | undefined> {
    const written = this.#last.then(() => this.#write(text, signal, send));
    this.#last = written;
    return written;
  }

  async #write(
    text: string,
    signal: AbortSignal,
    send: Parameters<Writer['write']>[2],
  ): Promise<Accepted | undefined> {
    const key = randomUUID();
    while (!signal.aborted) {
      try {
        const attempt = AbortSignal.any([signal, AbortSignal.timeout(attemptMs)]);
        const { message } = await send({ key, signal: attempt });
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
}

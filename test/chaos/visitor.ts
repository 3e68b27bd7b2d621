import { createClient, type WebSocketConstructor } from '@mevrik/client';
import { WebSocket } from 'ws';
import { openingHours } from '../support/bot-replies.ts';
import { followWithPusher, type PusherFollower } from './pusher-follower.ts';
import { repeat } from './repeat.ts';
import { Screen, type Shown } from './screen.ts';
import { type Accepted, attemptMs, Writer } from './write.ts';

/** What the built-in bot answers with the opening hours. */
const question = 'opening hours';
/** What makes the built-in bot hand the conversation over. */
const requestForPerson = 'I need a human';
/** How an agent's answer begins. */
export const agentAnswer = 'Answer to';

/** Where a visitor arrives; `name` is part of what they write. */
interface Arrival {
  readonly url: string;
  readonly appKey: string;
  readonly name: string;
}

/** A customer in a browser: writes through the SDK, repeats what got no answer, and watches the conversation. */
export class ChaosVisitor {
  readonly sessionId: number;
  readonly screen: Screen;
  /** A page with pusher-js that follows the same conversation. */
  readonly follower: PusherFollower;
  /** How the reply to each of their questions begins: the bot's, and an agent's since they asked for one. */
  replyBegins = openingHours;
  readonly #client: ReturnType<typeof createClient>;
  readonly #name: string;
  readonly #writer = new Writer();
  #written = 0;

  private constructor(of: {
    readonly name: string;
    readonly sessionId: number;
    readonly client: ReturnType<typeof createClient>;
    readonly screen: Screen;
    readonly follower: PusherFollower;
  }) {
    this.#name = of.name;
    this.sessionId = of.sessionId;
    this.#client = of.client;
    this.screen = of.screen;
    this.follower = of.follower;
  }

  /** Starts a visit and watches the conversation. */
  static async begin({ url, appKey, name }: Arrival): Promise<ChaosVisitor> {
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
    const { accessToken: token } = visit;
    const sessionId = visit.session.id;
    const client = createClient({
      url,
      appKey,
      token,
      WebSocket: WebSocket as unknown as WebSocketConstructor,
    });
    const screen = await Screen.open(client, sessionId, (page) => client.rest.visitor.messages(page));
    const follower = followWithPusher({ url, appKey, token, sessionId });
    return new ChaosVisitor({ name, sessionId, client, screen, follower });
  }

  /** What was accepted, in the order in which it was written. */
  get accepted(): readonly Accepted[] {
    return this.#writer.accepted;
  }

  /** What went wrong while they wrote and watched. */
  get wrong(): readonly string[] {
    return [...this.#writer.wrong, ...this.screen.wrong, ...this.follower.wrong];
  }

  /** Asks a question, after what was written before. */
  write(signal: AbortSignal): Promise<Accepted | undefined> {
    this.#written += 1;
    return this.#send(`${question} ${this.#name}-${this.#written}`, signal);
  }

  /** Asks for a person, who answers all further questions. */
  async askForPerson(signal: AbortSignal): Promise<void> {
    await this.#send(requestForPerson, signal);
    this.replyBegins = agentAnswer;
  }

  #send(text: string, signal: AbortSignal): Promise<Accepted | undefined> {
    return this.#writer.write(text, signal, (options) =>
      this.#client.rest.visitor.writeMessage({ text }, options),
    );
  }

  /** All messages on the screen. */
  shown(): Shown[] {
    return this.screen.shown();
  }

  /** Whether a question and the reply to it are on the screen: each has one, in order. */
  hasReply(message: Accepted): boolean {
    const shown = this.shown();
    const asked = shown.filter(({ id, text }) => id <= message.id && isQuestion(text));
    return asked.some(({ id }) => id === message.id) && this.#replies().length >= asked.length;
  }

  /** How many of their messages have no reply on the screen yet. */
  unanswered(): number {
    return this.accepted.length - this.#replies().length;
  }

  #replies(): readonly Shown[] {
    return this.shown().filter(({ text }) => text?.startsWith(this.replyBegins));
  }

  leave(): void {
    this.#client.disconnect();
    this.follower.leave();
  }
}

/** Whether a visitor's message is one that gets exactly one reply. */
export function isQuestion(text: string | null | undefined): boolean {
  return text?.startsWith(question) ?? false;
}

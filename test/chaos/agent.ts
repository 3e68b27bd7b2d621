import { setTimeout as delay } from 'node:timers/promises';
import { createClient, type WebSocketConstructor } from '@mevrik/client';
import { WebSocket } from 'ws';
import { repeat } from './repeat.ts';
import { Screen, type Shown } from './screen.ts';
import { agentAnswer, type ChaosVisitor, isQuestion } from './visitor.ts';
import { type Accepted, Writer } from './write.ts';

const lookMs = 25;

/** Where an agent works, and who they are. */
interface Desk {
  readonly url: string;
  readonly appKey: string;
  readonly email: string;
  readonly password: string;
}

/** An agent with an open desk: accepts one visitor's case, and answers each question once, in order. */
export class ChaosAgent {
  readonly sessionId: number;
  readonly #client: ReturnType<typeof createClient>;
  readonly #screen: Screen;
  readonly #writer = new Writer();
  readonly #answered = new Set<number>();

  private constructor(sessionId: number, client: ReturnType<typeof createClient>, screen: Screen) {
    this.sessionId = sessionId;
    this.#client = client;
    this.#screen = screen;
  }

  /** Logs in and accepts the case of a visitor, who asks for a person. */
  static async accept({ url, appKey, email, password }: Desk, visitor: ChaosVisitor): Promise<ChaosAgent> {
    const socket = WebSocket as unknown as WebSocketConstructor;
    const { accessToken } = await repeat(() =>
      createClient({ url, appKey }).rest.desk.login({ email, password }),
    );
    const client = createClient({ url, appKey, token: accessToken, WebSocket: socket });
    await visitor.askForPerson(AbortSignal.timeout(60_000));
    await repeat(async () => {
      const { queueItem, session } = await client.rest.desk.conversation(visitor.sessionId);
      if (session.assignedAgentId !== null) return;
      if (!queueItem) throw new Error('The visitor is not in the queue yet.');
      await client.rest.desk.acceptQueueItem(queueItem.id);
    });
    const screen = await Screen.open(client, visitor.sessionId, (page) =>
      client.rest.desk.sessionMessages(visitor.sessionId, page),
    );
    return new ChaosAgent(visitor.sessionId, client, screen);
  }

  /** Answers the questions on the screen, oldest first, until the signal is aborted. */
  async work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const [next] = this.unanswered();
      if (next) await this.#answer(next, signal);
      else await delay(lookMs);
    }
  }

  /** The questions on the screen that have no answer yet, oldest first. */
  unanswered(): Shown[] {
    return this.shown()
      .filter(({ id, text }) => isQuestion(text) && !this.#answered.has(id))
      .sort((a, b) => a.id - b.id);
  }

  async #answer({ id, text }: Shown, signal: AbortSignal): Promise<void> {
    const answer = `${agentAnswer} ${text}`;
    const sent = await this.#writer.write(answer, signal, (options) =>
      this.#client.rest.desk.reply(this.sessionId, { text: answer }, options),
    );
    if (sent) this.#answered.add(id);
  }

  /** The answers that were accepted, in the order in which they were written. */
  get accepted(): readonly Accepted[] {
    return this.#writer.accepted;
  }

  /** What went wrong while they wrote and watched. */
  get wrong(): readonly string[] {
    return [...this.#writer.wrong, ...this.#screen.wrong];
  }

  /** All messages on the screen. */
  shown(): Shown[] {
    return this.#screen.shown();
  }

  leave(): void {
    this.#client.disconnect();
  }
}

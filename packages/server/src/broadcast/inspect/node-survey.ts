import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { AnswerMessage, AskMessage } from '../bus/broadcast-message.ts';
import type { Bus } from '../bus/bus.ts';
import type { AppState, NodeState } from '../bus/node-state.ts';

/** A node that has not answered by then is left out. */
const patienceMs = 300;

/** Asks all nodes what is connected to them, over the bus. */
export class NodeSurvey {
  readonly #node = randomUUID();
  readonly #bus: Bus;
  readonly #state: () => readonly AppState[];
  readonly #asked = new Map<string, NodeState[]>();

  constructor(bus: Bus, state: () => readonly AppState[]) {
    this.#bus = bus;
    this.#state = state;
  }

  /** The states of all nodes that answer, this one first. */
  async ask(): Promise<readonly NodeState[]> {
    const question = randomUUID();
    const answers: NodeState[] = [];
    this.#asked.set(question, answers);
    await this.#bus.publish([{ askOfNodes: question }]);
    await delay(patienceMs);
    this.#asked.delete(question);
    const isHere = ({ node }: NodeState) => node === this.#node;
    return [...answers.filter(isHere), ...answers.filter((state) => !isHere(state))];
  }

  /** Takes what comes over the bus for surveys. */
  receive(message: AskMessage | AnswerMessage): void {
    if ('askOfNodes' in message) {
      const state = { node: this.#node, apps: this.#state() };
      void this.#bus.publish([{ answerTo: message.askOfNodes, state }]);
    } else {
      this.#asked.get(message.answerTo)?.push(message.state);
    }
  }
}

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { SurveyAnswer, SurveyRequest } from '../bus/broadcast-message.ts';
import type { Bus } from '../bus/bus.ts';
import type { AppState, NodeState } from '../bus/node-state.ts';

/** A node that has not answered by then is left out. */
const collectMs = 300;

/** Collects the state of all nodes over the bus. */
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
    await this.#bus.publish([{ surveyRequest: question }]);
    await delay(collectMs);
    this.#asked.delete(question);
    const isPresent = ({ node }: NodeState) => node === this.#node;
    return [...answers.filter(isPresent), ...answers.filter((state) => !isPresent(state))];
  }

  /** Handles a survey message from the bus. */
  receive(message: SurveyRequest | SurveyAnswer): void {
    if ('surveyRequest' in message) {
      const state = { node: this.#node, apps: this.#state() };
      void this.#bus.publish([{ surveyAnswer: message.surveyRequest, state }]);
    } else {
      this.#asked.get(message.surveyAnswer)?.push(message.state);
    }
  }
}

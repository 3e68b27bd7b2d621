import type { Log } from '../observe/log.ts';

/** Undoes, in reverse order, what was started so far. */
export class Teardown {
  readonly #steps: { readonly name: string; readonly undo: () => Promise<void> | void }[] = [];
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  add(name: string, undo: () => Promise<void> | void): void {
    this.#steps.push({ name, undo });
  }

  /** A step that fails is logged and stops none of the others. */
  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step.undo();
      } catch (error) {
        this.#log.error({ reason: String(error) }, `${step.name} did not stop in order`);
      }
    }
  }
}

import type { Log } from '../observe/log.ts';

/** Stops everything started so far, in reverse order. */
export class Teardown {
  readonly #steps: { readonly name: string; readonly undo: () => Promise<void> | void }[] = [];
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Adds a step; it runs before all steps added earlier. */
  add(name: string, undo: () => Promise<void> | void): void {
    this.#steps.push({ name, undo });
  }

  /** Runs all steps. A step that fails is logged and does not prevent the others. */
  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step.undo();
      } catch (error) {
        this.#log.error({ err: error }, `failed to stop ${step.name} cleanly`);
      }
    }
  }
}

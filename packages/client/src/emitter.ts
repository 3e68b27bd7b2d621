/** Unregisters a listener. */
export type Stop = () => void;

/** Notifies registered listeners. One that throws does not keep the others from being notified. */
export class Emitter<Events extends { [Name in keyof Events]: unknown }> {
  readonly #listeners = new Map<keyof Events, Set<(data: never) => void>>();
  readonly #onListenerError: (error: unknown) => void;

  constructor(onListenerError: (error: unknown) => void) {
    this.#onListenerError = onListenerError;
  }

  /** Registers a listener. @returns a function that removes it. */
  on<Name extends keyof Events>(name: Name, listener: (data: Events[Name]) => void): Stop {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  emit<Name extends keyof Events>(name: Name, data: Events[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        listener(data as never);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }
}

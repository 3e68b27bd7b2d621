/** Unregisters a listener. */
export type Stop = () => void;

type Listeners<Events> = { [Name in keyof Events]?: Set<(data: Events[Name]) => void> };

/** Notifies registered listeners. One that throws does not keep the others from being notified. */
export class Emitter<Events extends { [Name in keyof Events]: unknown }> {
  /** Without a prototype: the server chooses the names of events, and `constructor` must not be found here. */
  readonly #listeners: Listeners<Events> = Object.create(null);
  readonly #onListenerError: (error: unknown) => void;

  constructor(onListenerError: (error: unknown) => void) {
    this.#onListenerError = onListenerError;
  }

  /** Registers a listener. @returns a function that removes it. */
  on<Name extends keyof Events>(name: Name, listener: (data: Events[Name]) => void): Stop {
    const listeners: Set<(data: Events[Name]) => void> = this.#listeners[name] ?? new Set();
    this.#listeners[name] = listeners;
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /** Notifies the listeners of an event. */
  emit<Name extends keyof Events>(name: Name, data: Events[Name]): void {
    for (const listener of [...(this.#listeners[name] ?? [])]) {
      try {
        listener(data);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }
}

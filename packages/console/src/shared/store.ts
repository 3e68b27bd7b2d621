import { useSyncExternalStore } from 'react';

/** Something that several parts of the screens show and change. */
export interface Store<State> {
  get(): State;
  set(next: State): void;
  /** For components: its state, again whenever it changes. */
  use(): State;
}

/** Makes a store; `onChange` is told of every new state. */
export function createStore<State>(
  initial: State,
  onChange: (state: State) => void = () => {},
): Store<State> {
  let state = initial;
  const listeners = new Set<() => void>();
  const get = () => state;
  const subscribe = (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return {
    get,
    set(next) {
      if (Object.is(state, next)) return;
      state = next;
      onChange(next);
      for (const listener of listeners) listener();
    },
    use: () => useSyncExternalStore(subscribe, get),
  };
}

import { useSyncExternalStore } from 'react';

/** State shared by several components. */
export interface Store<State> {
  get(): State;
  set(next: State): void;
  /** Hook: the current state; re-renders on change. */
  use(): State;
}

/** Creates a store; `onChange` is called with every new state. */
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

import type { Message } from '@mevrik/protocol';

/** The events that a page can listen to. */
export interface WidgetEvents {
  readonly open: undefined;
  readonly close: undefined;
  readonly message: Message;
  readonly unread: number;
}

type Listeners = { readonly [Name in keyof WidgetEvents]: Set<(data: WidgetEvents[Name]) => void> };

/** Creates the list of a page's listeners. */
export function createListeners() {
  const listeners: Listeners = { open: new Set(), close: new Set(), message: new Set(), unread: new Set() };
  return {
    /** Adds a listener; one for an unknown name is never called. @returns a function that removes it. */
    on<Name extends keyof WidgetEvents>(
      name: Name,
      listener: (data: WidgetEvents[Name]) => void,
    ): () => void {
      listeners[name]?.add(listener);
      return () => listeners[name]?.delete(listener);
    },
    /** Calls the listeners of an event. */
    emit<Name extends keyof WidgetEvents>(name: Name, data: WidgetEvents[Name]): void {
      for (const listener of listeners[name]) listener(data);
    },
  };
}

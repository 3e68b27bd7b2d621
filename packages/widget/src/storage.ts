import type { Tokens } from '@mevrik/client';

/** What the widget keeps in a browser, for the next page and the page beside. */
export interface StoredState {
  readonly tokens?: Tokens;
  /** Milliseconds since 1970. */
  readonly savedAt?: number;
  /** The last reply that was seen. */
  readonly seenId?: number;
  /** Whose visit it is. */
  readonly customerId?: number | undefined;
  /** Whose conversation it is, where the page has proven that. */
  readonly userId?: string | undefined;
  readonly isOpen?: boolean;
  readonly isMuted?: boolean;
  /** What was written and may not have been taken yet. */
  readonly outbox?: readonly UnsentMessage[];
}

/** A message on its way: its key makes it one, however often it is sent. */
export interface UnsentMessage {
  readonly key: string;
  readonly text: string;
  readonly at: string;
}

/** Keeps what one app's widget keeps; where a browser lets nothing be kept, for this page only. */
export function createStorage(appKey: string, channel: string) {
  const name = `mevrik.${appKey}.${channel}`;
  let inMemory: StoredState = {};
  function read(): StoredState {
    try {
      return JSON.parse(localStorage.getItem(name) ?? '{}') as StoredState;
    } catch {
      return inMemory;
    }
  }
  return {
    read,
    write(change: StoredState): void {
      inMemory = { ...read(), ...change };
      try {
        localStorage.setItem(name, JSON.stringify(inMemory));
      } catch {
        // A browser that lets nothing be kept: the next page begins anew.
      }
    },
    /** Forgets who was here; how the widget is set up stays. */
    forget(): void {
      const { isOpen, isMuted } = read();
      inMemory = {
        ...(isOpen === undefined ? {} : { isOpen }),
        ...(isMuted === undefined ? {} : { isMuted }),
      };
      try {
        localStorage.setItem(name, JSON.stringify(inMemory));
      } catch {}
    },
    /** Hears of changes by other pages. */
    watch(listener: () => void): () => void {
      const hear = ({ key }: StorageEvent) => key === name && listener();
      addEventListener('storage', hear);
      return () => removeEventListener('storage', hear);
    },
  };
}

/** Where the widget keeps things. */
export type WidgetStorage = ReturnType<typeof createStorage>;

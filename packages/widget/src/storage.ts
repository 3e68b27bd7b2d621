import type { Tokens } from '@mevrik/client';

/** The state that the widget stores in the browser, shared by pages and tabs. */
export interface StoredState {
  readonly tokens?: Tokens;
  /** Milliseconds since 1970. */
  readonly savedAt?: number;
  /** The id of the last seen reply. */
  readonly seenId?: number;
  /** The customer of the visit. */
  readonly customerId?: number | undefined;
  /** The verified user id, if the page identified the visitor. */
  readonly userId?: string | undefined;
  readonly isOpen?: boolean;
  readonly isMuted?: boolean;
  /** Messages that the server may not have stored yet. */
  readonly outbox?: readonly UnsentMessage[];
}

/** An unsent message; `key` is its idempotency key. */
export interface UnsentMessage {
  readonly key: string;
  readonly text: string;
  readonly at: string;
  /** The id of the last message that came before it. Absent: written by an earlier version of the widget. */
  readonly after?: number | undefined;
}

/** Storage of one app's widget; falls back to memory if localStorage is blocked. */
export function createStorage(appKey: string, channel: string) {
  const name = `mevrik.${appKey}.${channel}`;
  let inMemory: StoredState = {};
  function read(): StoredState {
    try {
      return JSON.parse(localStorage.getItem(name) ?? '{}') as StoredState;
    } catch {
      // Storage is blocked: this page keeps the state until it is closed.
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
        // localStorage is blocked: the state lives until the page is left.
      }
    },
    /** Forgets the visitor but keeps the widget's preferences. */
    forget(): void {
      const { isOpen, isMuted } = read();
      inMemory = {
        ...(isOpen === undefined ? {} : { isOpen }),
        ...(isMuted === undefined ? {} : { isMuted }),
      };
      try {
        localStorage.setItem(name, JSON.stringify(inMemory));
      } catch {
        // localStorage is blocked: the memory has been cleared.
      }
    },
    /** Listens for changes by other tabs. */
    watch(listener: () => void): () => void {
      const onStorage = ({ key }: StorageEvent) => key === name && listener();
      addEventListener('storage', onStorage);
      return () => removeEventListener('storage', onStorage);
    },
  };
}

/** The widget's storage. */
export type WidgetStorage = ReturnType<typeof createStorage>;

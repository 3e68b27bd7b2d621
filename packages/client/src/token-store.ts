import type { TokenSource } from './caller.ts';
import { MevrikError } from './errors.ts';

/** A short-lived access token, with the refresh token for the next one: the response of logins and visits. */
export interface Tokens {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  /** Can be used once. */
  readonly refreshToken: string;
}

/** Options of a token store. */
export interface TokenStoreOptions {
  /** Exchanges a refresh token, as `rest.visitor.refreshVisit` does. Never called concurrently. */
  readonly refresh: (refreshToken: string) => Promise<Tokens>;
  /** Store it for the next page: without it, closing the page logs the user out. */
  readonly onChange?: (tokens: Tokens) => void;
}

/** Keeps a user logged in. */
export interface TokenStore {
  /** For `createClient`: returns a valid token, refreshed before it expires and after it was rejected. */
  readonly token: Extract<TokenSource, (...args: never[]) => unknown>;
  /** Stores the tokens of a login or of another page. */
  set(tokens: Tokens): void;
}

/** How long before its expiry a token is refreshed. */
const marginMs = 60_000;

/** Creates a token store. `token` throws a MevrikError `logged_out` without a refresh token. */
export function createTokenStore({ refresh, onChange }: TokenStoreOptions, tokens?: Tokens): TokenStore {
  let current: Tokens | undefined;
  let dueAt = 0;
  let pendingExchange: Promise<string> | undefined;

  function store(next: Tokens): void {
    current = next;
    const lifeMs = next.expiresInSeconds * 1000;
    dueAt = Date.now() + lifeMs - Math.min(marginMs, lifeMs / 4);
  }

  async function exchange(): Promise<string> {
    if (!current) throw new MevrikError(401, 'logged_out', 'Log in first.');
    const next = await refresh(current.refreshToken);
    store(next);
    onChange?.(next);
    return next.accessToken;
  }

  if (tokens) store(tokens);
  // The age of an earlier page's tokens is unknown.
  if (tokens) dueAt = 0;
  return {
    set: store,
    async token(isRefused) {
      if (current && !isRefused && Date.now() < dueAt) return current.accessToken;
      pendingExchange ??= exchange().finally(() => {
        pendingExchange = undefined;
      });
      return pendingExchange;
    },
  };
}

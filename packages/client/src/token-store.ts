import type { TokenSource } from './caller.ts';
import { MevrikError } from './errors.ts';

/** An access token for minutes, and what is exchanged for the next one: what logins and visits answer. */
export interface Tokens {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  /** Good for one exchange. */
  readonly refreshToken: string;
}

/** What a keeper is given. */
export interface TokenStoreOptions {
  /** Exchanges a refresh token, as `rest.visitor.refreshVisit` does. Called for one at a time. */
  readonly refresh: (refreshToken: string) => Promise<Tokens>;
  /** Store it for the next page: without it, closing the page logs the user out. */
  readonly onChange?: (tokens: Tokens) => void;
}

/** Keeps a user logged in. */
export interface TokenStore {
  /** For `createClient`: a token that is good, exchanged before it expires and when it was refused. */
  readonly token: Extract<TokenSource, (...args: never[]) => unknown>;
  /** Takes what a login or another page has brought. */
  set(tokens: Tokens): void;
}

/** So long before its end a token is exchanged. */
const marginMs = 60_000;

/** Makes a keeper. `token` throws a MevrikError `logged_out` where there is nothing to exchange. */
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
  // How old tokens of an earlier page are is not known.
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

import type { TokenSource } from './caller.ts';

/** A token source that presents each new token to the connection before the last one expires. */
export interface TokenRenewal {
  readonly source: (isRefused: boolean) => Promise<string>;
  stop(): void;
}

/**
 * How long before the expiry the next token is presented: the server closes connections whose token has
 * expired.
 */
const marginMs = 20_000;
/** The longest delay of a timer. */
const longestMs = 2 ** 31 - 1;

/** @param authorize requests a signature with a token of the source. */
export function renewTokens(token: TokenSource, authorize: () => Promise<unknown>): TokenRenewal {
  let last: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const source = async (isRefused: boolean): Promise<string> => {
    const next = typeof token === 'string' ? token : await token(isRefused);
    if (next === last) return next;
    last = next;
    const expiresAt = expiryOf(next);
    clearTimeout(timer);
    if (expiresAt === undefined || typeof token === 'string') return next;
    const inMs = Math.min(longestMs, Math.max(1_000, expiresAt - Date.now() - marginMs));
    timer = setTimeout(() => void renew(next), inMs);
    return next;
  };

  async function renew(expiring: string): Promise<void> {
    try {
      const next = await source(false);
      // Another clock may still consider it valid.
      if (next === expiring) await source(true);
      await authorize();
    } catch {
      // The server closes the connection then; the reconnect requests a token again and reports its error.
    }
  }

  return { source, stop: () => clearTimeout(timer) };
}

/** When a JSON Web Token expires, in milliseconds since 1970; `undefined` if it has no readable expiry. */
function expiryOf(token: string): number | undefined {
  try {
    const [, payload = ''] = token.split('.');
    const { exp } = JSON.parse(atob(payload.replace(/-/g, '+').replace(/_/g, '/'))) as { exp?: unknown };
    return typeof exp === 'number' ? exp * 1000 : undefined;
  } catch {
    // Not a JSON Web Token: it is renewed when the server rejects it.
    return undefined;
  }
}

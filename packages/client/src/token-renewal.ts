import type { TokenSource } from './caller.ts';

/** A source of tokens that has a connection shown each new one before the last expires. */
export interface TokenRenewal {
  readonly source: (isRefused: boolean) => Promise<string>;
  stop(): void;
}

/** So long before its end the server is shown the next token: it ends connections whose token has expired. */
const marginMs = 20_000;
/** The longest that a timer can wait. */
const longestMs = 2 ** 31 - 1;

/**
 * @param show has something signed with a token of the source.
 */
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
      // The server ends the connection then; who comes back is asked for a token again, and told what is wrong.
    }
  }

  return { source, stop: () => clearTimeout(timer) };
}

/** When a JSON Web Token expires, in milliseconds since 1970; `undefined` where it does not say. */
function expiryOf(token: string): number | undefined {
  try {
    const [, payload = ''] = token.split('.');
    const { exp } = JSON.parse(atob(payload.replace(/-/g, '+').replace(/_/g, '/'))) as { exp?: unknown };
    return typeof exp === 'number' ? exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}

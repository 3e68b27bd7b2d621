import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { renewTokens } from './token-renewal.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

let made = 0;
/** An unsigned token that expires in this many seconds. */
function tokenFor(seconds: number): string {
  const payload = { exp: Math.floor(Date.now() / 1000) + seconds, n: made++ };
  return `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.x`;
}

describe('a connection whose token expires', () => {
  it('presents the next one before that, and then the one after it', async () => {
    const shown: string[] = [];
    let current = tokenFor(60);
    const token = (isRefused: boolean) => {
      if (isRefused) current = tokenFor(60);
      return current;
    };
    const renewal = renewTokens(token, async () => shown.push(await renewal.source(false)));
    const first = await renewal.source(false);
    await vi.advanceTimersByTimeAsync(35_000);
    expect(shown).toEqual([]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(shown).toEqual([current]);
    expect(current).not.toBe(first);
    await vi.advanceTimersByTimeAsync(40_000);
    expect(new Set(shown).size).toBe(2);
    renewal.stop();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(shown).toHaveLength(2);
  });

  it('is left to the server if there is no other token', async () => {
    const renewal = renewTokens(
      (isRefused) => {
        if (isRefused) throw new Error('logged out');
        return token;
      },
      async () => expect.unreachable(),
    );
    const token = tokenFor(30);
    await renewal.source(false);
    await vi.advanceTimersByTimeAsync(60_000);
  });

  it.each(['opaque', 'a.b.c', `e30.${btoa('{}')}.x`])(
    'is not renewed if the token, %s, has no readable expiry',
    async (token) => {
      const renewal = renewTokens(
        () => token,
        async () => expect.unreachable(),
      );
      expect(await renewal.source(false)).toBe(token);
      await vi.advanceTimersByTimeAsync(1e9);
    },
  );
});

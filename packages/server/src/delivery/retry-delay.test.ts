import { expect, it } from 'vitest';
import { deliveryRetryMs } from './retry-delay.ts';

const policy = { firstDelayMs: 2_000, longestDelayMs: 300_000 };

it.each([
  [1, 0, 0.999, 2_000],
  [1, 0, 0, 1_000],
  [2, 0, 0.999, 4_000],
  [5, 0, 0.999, 32_000],
  [40, 0, 0.999, 300_000],
  [1, 7_000, 0, 7_000],
  [40, 7_000, 0, 150_000],
])(
  'after %i failures, with a Retry-After of %i ms and random %d: about %i ms',
  (attempts, retryAfterMs, chance, expected) => {
    const delay = deliveryRetryMs(policy, attempts, retryAfterMs, chance);
    expect(Math.abs(delay - expected)).toBeLessThan(expected / 1000 + 1);
  },
);

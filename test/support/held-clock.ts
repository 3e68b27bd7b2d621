import { vi } from 'vitest';

/**
 * Holds the clock by which the gateway measures silence and rates: what happens within a time no longer depends on how
 * fast the machine is. Timers and dates go on as they do. Begins at zero, so it is held before the gateway starts.
 */
export function holdClock(): { pass(ms: number): void; release(): void } {
  vi.useFakeTimers({ toFake: ['performance'] });
  return { pass: (ms) => void vi.advanceTimersByTime(ms), release: () => void vi.useRealTimers() };
}

import { vi } from 'vitest';

/**
 * Holds the clock that the gateway measures inactivity and rates with, so that they do not depend on the
 * speed of the machine. Timers and dates continue. It starts at zero, so hold it before the gateway starts.
 */
export function holdClock(): { pass(ms: number): void; release(): void } {
  vi.useFakeTimers({ toFake: ['performance'] });
  return { pass: (ms) => void vi.advanceTimersByTime(ms), release: () => void vi.useRealTimers() };
}

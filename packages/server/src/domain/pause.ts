import { setTimeout as delay } from 'node:timers/promises';

/** Waits for some milliseconds, or until the signal is aborted; it never rejects, so the caller checks the signal. */
export async function pause(ms: number, signal: AbortSignal, options: { ref?: boolean } = {}): Promise<void> {
  await delay(ms, undefined, { ...options, signal }).catch(() => {
    // Aborted.
  });
}

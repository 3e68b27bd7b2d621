/** How long the shop is open, in minutes. */
export const dayMinutes = 600;

/** The time in the shop. */
export interface DayClock {
  /** Minutes since the shop opened. */
  now(): number;
  /** Resolves this many minutes after the shop opened. */
  at(minute: number): Promise<void>;
  /** Resolves after this many minutes. */
  in(minutes: number): Promise<void>;
}

/** Opens the shop, whose time passes `pace` times as fast as real time. */
export function startDay(pace: number): DayClock {
  const startedAt = performance.now();
  const msPerMinute = 60_000 / pace;
  const now = () => (performance.now() - startedAt) / msPerMinute;
  const wait = (minutes: number) =>
    new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, minutes * msPerMinute)));
  return { now, at: (minute) => wait(minute - now()), in: wait };
}

/** Numbers from 0 to 1 that look random and are the same every time (mulberry32). */
export function seededNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

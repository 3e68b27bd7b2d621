/** Keeps this process from doing anything for some milliseconds, as when the machine sleeps or others use its cores. */
export function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

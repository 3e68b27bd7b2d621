import { describe, expect, it } from 'vitest';
import { WakeLoop } from './wake-loop.ts';

/** A loop whose runs end on command; `runs` counts those started. */
function startLoop() {
  const ends: (() => void)[] = [];
  const state = { runs: 0, concurrent: 0, mostConcurrent: 0 };
  const loop = new WakeLoop(async () => {
    state.runs += 1;
    state.concurrent += 1;
    state.mostConcurrent = Math.max(state.mostConcurrent, state.concurrent);
    await new Promise<void>((resolve) => ends.push(resolve));
    state.concurrent -= 1;
  });
  const endRun = async () => {
    ends.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { loop, state, endRun };
}

describe('a wake loop', () => {
  it('runs once more, and only once, however often it is woken during a run', async () => {
    const { loop, state, endRun } = startLoop();
    loop.wake();
    loop.wake();
    loop.wake();
    expect(state.runs).toBe(1);
    await endRun();
    expect(state.runs).toBe(2);
    await endRun();
    expect(state).toEqual({ runs: 2, concurrent: 0, mostConcurrent: 1 });
  });

  it('loses no wake-up at the very end of a run', async () => {
    let runs = 0;
    const loop: WakeLoop = new WakeLoop(async () => {
      runs += 1;
      // In each of the microtasks that follow the last check.
      if (runs === 1) void Promise.resolve().then(() => Promise.resolve().then(() => loop.wake()));
    });
    loop.wake();
    await new Promise((resolve) => setImmediate(resolve));
    expect(runs).toBe(2);
  });

  it('runs once more when the task itself wakes it', async () => {
    let runs = 0;
    const loop: WakeLoop = new WakeLoop(async () => {
      runs += 1;
      if (runs === 1) loop.wake();
      expect(runs).toBeLessThan(3);
    });
    loop.wake();
    expect(runs).toBe(1);
    await loop.settled();
    expect(runs).toBe(2);
  });

  it('is settled when no run is due any more', async () => {
    const { loop, state, endRun } = startLoop();
    let isSettled = false;
    loop.wake();
    void loop.settled().then(() => {
      isSettled = true;
    });
    await endRun();
    expect({ runs: state.runs, isSettled }).toEqual({ runs: 2, isSettled: false });
    await endRun();
    expect({ runs: state.runs, isSettled }).toEqual({ runs: 2, isSettled: true });
  });

  it('stops after the current run, and starts none after that', async () => {
    const { loop, state, endRun } = startLoop();
    loop.wake();
    loop.wake();
    let isStopped = false;
    void loop.stop().then(() => {
      isStopped = true;
    });
    expect([loop.isStopped, isStopped]).toEqual([true, false]);
    await endRun();
    loop.wake();
    await loop.settled();
    expect([state.runs, isStopped]).toEqual([1, true]);
  });
});

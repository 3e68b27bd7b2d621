import { describe, expect, it } from 'vitest';
import { CircuitBreaker } from './circuit-breaker.ts';

function breaker() {
  let time = 0;
  const circuits = new CircuitBreaker({ failures: 3, pauseMs: 1_000, now: () => time });
  return {
    circuits,
    pass(ms: number) {
      time += ms;
    },
    fail(times: number) {
      return Array.from({ length: times }, () => circuits.failed('bot'));
    },
  };
}

describe('a circuit breaker', () => {
  it('stops the calls after so many failures in a row, and says so once', () => {
    const { circuits, fail } = breaker();
    expect(fail(2)).toEqual([false, false]);
    expect(circuits.mayCall('bot')).toBe(true);
    expect(fail(2)).toEqual([true, false]);
    expect(circuits.mayCall('bot')).toBe(false);
    expect(circuits.mayCall('another bot')).toBe(true);
  });

  it('counts only failures without a success between them', () => {
    const { circuits, fail } = breaker();
    fail(2);
    circuits.succeeded('bot');
    fail(2);
    expect(circuits.mayCall('bot')).toBe(true);
  });

  it('lets one call try again after the pause, and all once it has succeeded', () => {
    const { circuits, pass, fail } = breaker();
    fail(3);
    pass(999);
    expect(circuits.mayCall('bot')).toBe(false);
    pass(1);
    expect([circuits.mayCall('bot'), circuits.mayCall('bot')]).toEqual([true, false]);
    expect(fail(1)).toEqual([false]);
    pass(999);
    expect(circuits.mayCall('bot')).toBe(false);
    pass(1);
    expect(circuits.mayCall('bot')).toBe(true);
    circuits.succeeded('bot');
    expect([circuits.mayCall('bot'), circuits.mayCall('bot')]).toEqual([true, true]);
  });

  it('lets another try when the one that tried never reports', () => {
    const { circuits, pass, fail } = breaker();
    fail(3);
    pass(1_000);
    expect(circuits.mayCall('bot')).toBe(true);
    pass(1_000);
    expect(circuits.mayCall('bot')).toBe(true);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimateMinutes } from './waiting-estimate.ts';

const minute = 60_000;
const nowMs = Date.parse('2026-03-02T12:00:00Z');
/** Assignments at a constant interval from a queue that was never empty. */
const steady = (count: number, everyMinutes: number) =>
  Array.from({ length: count }, (_, at) => ({
    beganMs: nowMs - 3 * 60 * minute,
    takenMs: nowMs - (count - 1 - at) * everyMinutes * minute,
  }));

describe('the estimated wait', () => {
  it('is the position times the interval between assignments', () => {
    const facts = { firstBeganMs: nowMs - 3 * 60 * minute, served: steady(10, 4), nowMs };
    expect([1, 2, 5].map((position) => estimateMinutes({ position, ...facts }))).toEqual([4, 8, 20]);
  });

  it('is short when conversations are assigned immediately, however rare they are', () => {
    const served = Array.from({ length: 6 }, (_, at) => {
      const beganMs = nowMs - at * 15 * minute;
      return { beganMs, takenMs: beganMs + 20_000 };
    });
    expect(estimateMinutes({ position: 1, firstBeganMs: nowMs, served, nowMs })).toBe(1);
  });

  it('grows while the first in the queue is not assigned', () => {
    const served = steady(5, 2);
    const facts = { position: 3, firstBeganMs: nowMs, served };
    const later = [0, 10, 30].map((minutes) =>
      estimateMinutes({ ...facts, nowMs: nowMs + minutes * minute }),
    );
    expect(later[1]).toBeGreaterThan(later[0] ?? 0);
    expect(later[2]).toBeGreaterThan(later[1] ?? 0);
  });

  it('is unknown with too few assignments', () => {
    expect(estimateMinutes({ position: 1, firstBeganMs: nowMs, served: steady(3, 2), nowMs })).toBe(null);
    expect(estimateMinutes({ position: 1, firstBeganMs: nowMs, served: [], nowMs })).toBe(null);
  });

  it('never decreases with the position, and is at least a minute', () => {
    const served = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 7200 }), fc.integer({ min: 0, max: 7200 })).map(([ago, took]) => ({
        beganMs: nowMs - (ago + took) * 1000,
        takenMs: nowMs - ago * 1000,
      })),
      { maxLength: 21 },
    );
    fc.assert(
      fc.property(served, fc.integer({ min: 1, max: 500 }), fc.nat(7200), (all, position, waitedSeconds) => {
        const facts = { firstBeganMs: nowMs - waitedSeconds * 1000, served: all, nowMs };
        const own = estimateMinutes({ position, ...facts });
        const next = estimateMinutes({ position: position + 1, ...facts });
        if (own === null || next === null) return own === next;
        return own >= 1 && next >= own;
      }),
    );
  });
});

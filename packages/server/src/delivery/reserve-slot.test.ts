import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideSlot, type LaneState } from './reserve-slot.ts';

const perSecond = (limit: number) => ({ limit, withinMs: 1_000 });
const fresh: LaneState = { usedUntil: 0, queuedUntil: 0 };

/** Callers reserve at their time, and return for their slot up to `lateMs` late. @returns when each was sent. */
function play(pace: { limit: number; withinMs: number }, arrivals: readonly number[], lateMs: () => number) {
  const went: { who: number; at: number; tries: number }[] = [];
  const comers = arrivals.map((at, who) => ({ who, at, tries: 1, hasWaited: false }));
  let state = fresh;
  for (;;) {
    const next = comers.reduce<(typeof comers)[number] | undefined>(
      (first, one) => (first === undefined || one.at < first.at ? one : first),
      undefined,
    );
    if (!next) return went;
    const decided = decideSlot(state, pace, { nowMs: next.at, hasWaited: next.hasWaited });
    state = decided.state;
    if (decided.slotAtMs === null) {
      comers.splice(comers.indexOf(next), 1);
      went.push({ who: next.who, at: next.at, tries: next.tries });
    } else Object.assign(next, { at: decided.slotAtMs + lateMs(), tries: next.tries + 1, hasWaited: true });
  }
}

function mostWithin(ms: number, times: readonly number[]): number {
  return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + ms).length));
}

const arrivals = fc.array(fc.integer({ min: 10_000, max: 14_000 }), { minLength: 1, maxLength: 120 });

describe('the slots of a lane', () => {
  it('never exceed the limit in any second, whatever the arrivals and delays', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        arrivals,
        fc.infiniteStream(fc.integer({ min: 0, max: 400 })),
        (limit, times, late) => {
          const went = play(perSecond(limit), times, () => late.next().value ?? 0);
          expect(went).toHaveLength(times.length);
          expect(
            mostWithin(
              1_000,
              went.map(({ at }) => at),
            ),
          ).toBeLessThanOrEqual(limit);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('are immediate for single parts', () => {
    const apart = Array.from({ length: 50 }, (_, at) => 10_000 + at * 125);
    expect(play(perSecond(10), apart, () => 0).map(({ at }) => at)).toEqual(apart);
  });

  it('reach nearly the limit when many wait and return slightly late', () => {
    const went = play(perSecond(10), Array(100).fill(10_000), () => 50);
    const last = Math.max(...went.map(({ at }) => at));
    expect(last - 10_000).toBeLessThan(100 * (1_000 / 8.9));
    expect(Math.max(...went.map(({ tries }) => tries))).toBeLessThanOrEqual(3);
  });

  it('keep the order of waiting parts before new ones', () => {
    const crowd = Array(30).fill(10_000);
    const went = play(perSecond(10), [...crowd, 11_000, 12_000], () => 5);
    expect(went.slice(-2).map(({ who }) => who)).toEqual([30, 31]);
  });

  it('are immediate in an idle lane', () => {
    const busy = Array.from({ length: 40 }).reduce<LaneState>(
      (state) => decideSlot(state, perSecond(10), { nowMs: 10_000, hasWaited: false }).state,
      fresh,
    );
    expect(decideSlot(busy, perSecond(10), { nowMs: 60_000, hasWaited: false }).slotAtMs).toBeNull();
  });
});

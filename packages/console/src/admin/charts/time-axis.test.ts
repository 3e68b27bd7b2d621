import { describe, expect, it } from 'vitest';
import { legible, timeAxis } from './time-axis.ts';

describe('a time axis', () => {
  it('shows close events in proportion', () => {
    const { fractionAt, cuts, marks, lengthMs } = timeAxis([
      { from: 1_000, to: 1_040 },
      { from: 1_060, to: 1_100 },
    ]);
    expect([1_000, 1_025, 1_050, 1_100].map(fractionAt)).toEqual(
      [0, 0.25, 0.5, 1].map((at) => expect.closeTo(at)),
    );
    expect([cuts, marks, lengthMs]).toEqual([[], [{ fraction: 0, afterMs: 0 }], 100]);
  });

  it('shortens a gap longer than all activity and reports its length', () => {
    const hour = 3_600_000;
    const { fractionAt, cuts, marks } = timeAxis([
      { from: 0, to: 50 },
      { from: hour, to: hour + 50 },
    ]);
    expect(cuts).toEqual([{ fraction: expect.closeTo(0.5), ms: hour - 50 }]);
    expect(marks.map(({ afterMs }) => afterMs)).toEqual([0, hour]);
    expect(fractionAt(50)).toBeCloseTo(0.47);
    expect(fractionAt(hour)).toBeCloseTo(0.53);
    expect(fractionAt(hour + 50)).toBeCloseTo(1);
  });

  it('is monotonic and stays between 0 and 1 for any input', () => {
    const { fractionAt } = timeAxis([
      { from: 5, to: 5 },
      { from: 9_000, to: 9_001 },
      { from: 400, to: 90 },
      { from: 80_000, to: 95_000 },
    ]);
    const positions = [-10, 0, 5, 300, 400, 5_000, 9_000, 9_001, 50_000, 80_000, 95_000, 1e9].map(fractionAt);
    expect(positions).toEqual([...positions].sort((one, two) => one - two));
    expect([positions[0], positions.at(-1)]).toEqual([0, expect.closeTo(1)]);
    expect(timeAxis([]).fractionAt(7)).toBe(0);
  });

  it('overlaps no labels and no gap signs', () => {
    const minute = 60_000;
    const axis = timeAxis([0, 1, 2, 30, 31, 90].map((at) => ({ from: at * minute, to: at * minute + 5 })));
    const { marks, cuts } = legible(axis, 0.2);
    expect(axis.marks).toHaveLength(6);
    expect(marks[0]).toEqual({ fraction: 0, afterMs: 0 });
    for (const [at, { fraction }] of marks.entries()) {
      expect(fraction - (marks[at - 1]?.fraction ?? -1)).toBeGreaterThanOrEqual(0.2);
      expect(cuts.filter((cut) => cut.fraction >= fraction && cut.fraction < fraction + 0.2)).toEqual([]);
    }
  });
});

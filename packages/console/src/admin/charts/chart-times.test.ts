import { describe, expect, it } from 'vitest';
import { chartTicks } from './chart-times.ts';

/** Points `stepSeconds` apart; the last one is at 6:45 local time. */
function points(count: number, stepSeconds: number): string[] {
  const last = new Date(2026, 2, 11, 6, 45).getTime();
  return Array.from({ length: count }, (_, at) =>
    new Date(last - (count - 1 - at) * stepSeconds * 1000).toISOString(),
  );
}
const clock = (at: string) => {
  const date = new Date(at);
  return `${date.getHours()}:${String(date.getMinutes()).padStart(2, '0')}`;
};

describe('the ticks of a chart', () => {
  it('are at round local times', () => {
    expect(chartTicks(points(60, 60), '1h').map(clock)).toEqual([
      '5:50',
      '6:00',
      '6:10',
      '6:20',
      '6:30',
      '6:40',
    ]);
    expect(chartTicks(points(96, 900), '24h').map(clock)).toEqual([
      '8:00',
      '12:00',
      '16:00',
      '20:00',
      '0:00',
      '4:00',
    ]);
  });

  it('are at the first point of each day in a week', () => {
    const marks = chartTicks(points(84, 7_200), '7d').map((at) => new Date(at));
    expect(marks.map((date) => date.getDate())).toEqual([5, 6, 7, 8, 9, 10, 11]);
    for (const date of marks) expect(date.getHours()).toBeLessThan(2);
  });

  it('are empty without points', () => {
    expect(chartTicks([], '24h')).toEqual([]);
  });
});

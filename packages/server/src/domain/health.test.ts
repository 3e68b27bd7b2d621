import { describe, expect, it } from 'vitest';
import { bucketEndsMs, bucketOf, emptyBuckets, percentileOf } from './buckets.ts';
import { judgeHealth, type Measured, measureKinds, parseThresholds, worstOf } from './health.ts';

const well: Measured = Object.fromEntries(Object.keys(measureKinds).map((name) => [name, 0]));
const partOf = (measured: Measured, part: string, thresholds = {}) =>
  judgeHealth({ ...well, ...measured }, thresholds).find((one) => one.part === part);

describe('health', () => {
  it('is ok in all four parts below the thresholds', () => {
    const parts = judgeHealth(well);
    expect(parts.map(({ part, status, advice }) => [part, status, advice])).toEqual([
      ['events', 'ok', null],
      ['channels', 'ok', null],
      ['jobs', 'ok', null],
      ['database', 'ok', null],
    ]);
    expect(worstOf([])).toBe('ok');
  });

  it('is degraded and then down from its thresholds, with a reason and advice', () => {
    const [degradedFrom, downFrom] = measureKinds['events.lag'].threshold;
    expect(partOf({ 'events.lag': degradedFrom - 1 }, 'events')?.status).toBe('ok');
    const degraded = partOf({ 'events.lag': degradedFrom }, 'events');
    expect(degraded).toMatchObject({
      status: 'degraded',
      reason: 'The slowest listener is 2,000 events behind.',
      advice: expect.stringContaining('Listeners'),
    });
    expect(partOf({ 'events.lag': downFrom }, 'events')?.status).toBe('down');
    expect(partOf({ 'events.lag': downFrom }, 'database')?.status).toBe('ok');
  });

  it('gives the worst measure as the reason, not the first', () => {
    const part = partOf({ 'events.paused': 1, 'events.age': 7_200 }, 'events');
    expect(part).toMatchObject({ status: 'down', reason: 'An event has been waiting for 2 hours.' });
    expect(worstOf(['degraded', 'down', 'ok'])).toBe('down');
  });

  it('is down where it cannot be measured', () => {
    const part = partOf({ 'database.answer': null }, 'database');
    expect(part).toMatchObject({ status: 'down', reason: 'Database could not be measured.' });
  });

  it('uses the thresholds of an operator', () => {
    const thresholds = parseThresholds('events.lag=5/10, events.dead=-/-');
    expect(partOf({ 'events.lag': 7 }, 'events', thresholds)?.status).toBe('degraded');
    expect(partOf({ 'events.dead': 100 }, 'events', thresholds)?.status).toBe('ok');
    expect(() => parseThresholds('events.lag=5')).toThrow('write it like events.lag=1000/20000');
    expect(() => parseThresholds('moods=1/2')).toThrow('there is no measure named moods');
  });
});

describe('durations counted in buckets', () => {
  it('give percentiles with the precision of their bucket', () => {
    const buckets = emptyBuckets();
    for (let ms = 1; ms <= 100; ms++) buckets[bucketOf(ms)] = (buckets[bucketOf(ms)] ?? 0) + 1;
    expect(percentileOf(buckets, 0.5)).toBeCloseTo(50, 0);
    expect(percentileOf(buckets, 0.95)).toBeCloseTo(95, 0);
  });

  it('give null without samples, and the last bound for longer durations', () => {
    expect(percentileOf(emptyBuckets(), 0.5)).toBeNull();
    expect(percentileOf([], 0.95)).toBeNull();
    const buckets = emptyBuckets();
    buckets[bucketOf(Number.POSITIVE_INFINITY)] = 1;
    expect(percentileOf(buckets, 0.5)).toBe(bucketEndsMs.at(-1));
  });
});

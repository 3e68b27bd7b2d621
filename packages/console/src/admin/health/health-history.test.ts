import type { HealthChange, HealthStatus } from '@mevrik/protocol';
import { describe, expect, it } from 'vitest';
import { healthSpans, sayShareWell } from './health-history.ts';

const hourMs = 3_600_000;
const now = Date.parse('2026-03-08T12:00:00Z');
const hoursAgo = (hours: number) => new Date(now - hours * hourMs).toISOString();
const change = (hours: number, status: HealthStatus): HealthChange => ({
  ...{ part: 'jobs', status, reason: `${status} since`, at: hoursAgo(hours) },
});
/** A week of which these stretches were observed, in hours before its end. */
const weekOf = (...stretches: readonly (readonly [from: number, until: number])[]) => ({
  from: hoursAgo(168),
  checkedAt: hoursAgo(0),
  observed: stretches.map(([from, until]) => ({ from: hoursAgo(from), until: hoursAgo(until) })),
});
const told = (changes: readonly HealthChange[], report: ReturnType<typeof weekOf>) => {
  const spans = healthSpans(changes, report);
  const lasting = spans.map(({ status, start, end }) => [status, (end - start) / hourMs]);
  return [lasting, sayShareWell(spans)];
};

describe('how a part has been', () => {
  it('is told of the time alone in which somebody looked', () => {
    const fresh = weekOf([0.2, 0]);
    expect(told([], fresh)).toEqual([
      [
        ['unknown', 167.8],
        ['ok', 0.2],
      ],
      'well all of the 12 min observed',
    ]);
    expect(told([change(2, 'down'), change(1.5, 'ok')], weekOf([3, 0]))).toEqual([
      [
        ['unknown', 165],
        ['ok', 1],
        ['down', 0.5],
        ['ok', 1.5],
      ],
      'well 83.33 % of the 3 h observed',
    ]);
    expect(told([], weekOf())[1]).toBe('nobody has looked yet');
  });

  it('is told of the whole where somebody looked all the time, but for restarts', () => {
    const changes = [change(50, 'down'), change(47, 'degraded'), change(46, 'ok')];
    expect(told(changes, weekOf([168, 0]))[1]).toBe('97.62 % of the time well');
    expect(told(changes, weekOf([168, 100], [99.9, 0]))[1]).toBe('97.62 % of the time well');
    expect(told([], weekOf([168, 0]))).toEqual([[['ok', 168]], '100 % of the time well']);
  });

  it('is unknown while the installation stood still, and afterwards as it was before until a look says otherwise', () => {
    const report = weekOf([168, 100], [50, 0]);
    expect(told([change(110, 'down'), change(49, 'ok')], report)).toEqual([
      [
        ['ok', 58],
        ['down', 10],
        ['unknown', 50],
        ['down', 1],
        ['ok', 49],
      ],
      'well 90.68 % of the 4 days observed',
    ]);
  });

  it('begins as it was when the time told of began', () => {
    expect(told([change(200, 'degraded')], weekOf([168, 0]))).toEqual([
      [['degraded', 168]],
      '0.00 % of the time well',
    ]);
  });
});

import type { HealthChange, HealthStatus } from '@mevrik/protocol';
import { describe, expect, it } from 'vitest';
import { formatUptime, healthSpans } from './health-history.ts';

const hourMs = 3_600_000;
const now = Date.parse('2026-03-08T12:00:00Z');
const hoursAgo = (hours: number) => new Date(now - hours * hourMs).toISOString();
const change = (hours: number, status: HealthStatus): HealthChange => ({
  part: 'jobs',
  status,
  reason: `${status} since`,
  at: hoursAgo(hours),
});
/** A week of which these stretches were observed, in hours before its end. */
const weekOf = (...stretches: readonly (readonly [from: number, until: number])[]) => ({
  from: hoursAgo(168),
  checkedAt: hoursAgo(0),
  observed: stretches.map(([from, until]) => ({ from: hoursAgo(from), until: hoursAgo(until) })),
});
const summary = (changes: readonly HealthChange[], report: ReturnType<typeof weekOf>) => {
  const spans = healthSpans(changes, report);
  const lasting = spans.map(({ status, start, end }) => [status, (end - start) / hourMs]);
  return [lasting, formatUptime(spans)];
};

describe('the status history of a part', () => {
  it('covers only the observed time', () => {
    const fresh = weekOf([0.2, 0]);
    expect(summary([], fresh)).toEqual([
      [
        ['unknown', 167.8],
        ['ok', 0.2],
      ],
      'Healthy for all of the 12 min observed',
    ]);
    expect(summary([change(2, 'down'), change(1.5, 'ok')], weekOf([3, 0]))).toEqual([
      [
        ['unknown', 165],
        ['ok', 1],
        ['down', 0.5],
        ['ok', 1.5],
      ],
      'Healthy 83.33% of the 3 h observed',
    ]);
    expect(summary([], weekOf())[1]).toBe('No data yet');
  });

  it('covers the whole window if only restarts were not observed', () => {
    const changes = [change(50, 'down'), change(47, 'degraded'), change(46, 'ok')];
    expect(summary(changes, weekOf([168, 0]))[1]).toBe('Healthy 97.62% of the time');
    expect(summary(changes, weekOf([168, 100], [99.9, 0]))[1]).toBe('Healthy 97.62% of the time');
    expect(summary([], weekOf([168, 0]))).toEqual([[['ok', 168]], 'Healthy 100% of the time']);
  });

  it('is unknown while the system was stopped, and afterwards the last known status until it changes', () => {
    const report = weekOf([168, 100], [50, 0]);
    expect(summary([change(110, 'down'), change(49, 'ok')], report)).toEqual([
      [
        ['ok', 58],
        ['down', 10],
        ['unknown', 50],
        ['down', 1],
        ['ok', 49],
      ],
      'Healthy 90.68% of the 4 days observed',
    ]);
  });

  it('starts with the status at the beginning of the window', () => {
    expect(summary([change(200, 'degraded')], weekOf([168, 0]))).toEqual([
      [['degraded', 168]],
      'Healthy 0.00% of the time',
    ]);
  });
});

import type { HealthMeasure, HealthStatus } from '@mevrik/protocol';
import { shortAgo, span } from '../../shared/time.tsx';

/** The label of each status. */
export const statusWords: Readonly<Record<HealthStatus, string>> = {
  ok: 'Healthy',
  degraded: 'Degraded',
  down: 'Down',
};

/** The color of each status. */
export const statusColors: Readonly<Record<HealthStatus, string>> = {
  ok: 'teal',
  degraded: 'yellow',
  down: 'red',
};

/** A measured value or threshold with its unit. */
export function formatValue(value: number | null, unit: HealthMeasure['unit']): string {
  if (value === null) return 'unknown';
  if (value >= Number.MAX_SAFE_INTEGER) return '–';
  if (unit === 'ms' && value >= 1_000) return formatValue(value / 1_000, 's');
  const digits = value >= 10 || Number.isInteger(value) ? 0 : 1;
  const text = value.toLocaleString(undefined, { maximumFractionDigits: digits });
  return unit === '' || unit === '%' ? `${text}${unit}` : `${text} ${unit}`;
}

/** Since when a part has its status: `just now`, `for 3 h`, `since 24 Nov`. */
export function formatSince(since: string, now: number): string {
  const ms = now - Date.parse(since);
  if (ms < 45_000) return 'just now';
  return ms < 86_400_000 ? `for ${span(ms)}` : `since ${shortAgo(since, now)}`;
}

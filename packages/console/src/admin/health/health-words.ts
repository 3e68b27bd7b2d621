import type { HealthMeasure, HealthStatus } from '@mevrik/protocol';
import { shortAgo, span } from '../../shared/time.tsx';

/** How a part is, in a word. */
export const statusWords: Readonly<Record<HealthStatus, string>> = {
  ok: 'well',
  degraded: 'degraded',
  down: 'down',
};

/** The colour of each state. */
export const statusColors: Readonly<Record<HealthStatus, string>> = {
  ok: 'teal',
  degraded: 'yellow',
  down: 'red',
};

/** A measured value, or a threshold, as people read it. */
export function sayValue(value: number | null, unit: HealthMeasure['unit']): string {
  if (value === null) return 'unknown';
  if (value >= Number.MAX_SAFE_INTEGER) return '–';
  const digits = value >= 10 || Number.isInteger(value) ? 0 : 1;
  const text = value.toLocaleString(undefined, { maximumFractionDigits: digits });
  return unit === '' ? text : `${text} ${unit}`;
}

/** How long a part has been as it is: `just now`, `for 3 h`, `since 24 Nov`. */
export function sayLasting(since: string, now: number): string {
  const ms = now - Date.parse(since);
  if (ms < 45_000) return 'just now';
  return ms < 86_400_000 ? `for ${span(ms)}` : `since ${shortAgo(since, now)}`;
}

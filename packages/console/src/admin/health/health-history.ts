import type { HealthChange, HealthReport, HealthStatus } from '@mevrik/protocol';
import { span } from '../../shared/time.tsx';

/** A period in which the status of a part did not change; `unknown` if no node was running. */
export interface HealthSpan {
  readonly status: HealthStatus | 'unknown';
  readonly reason: string;
  readonly start: number;
  readonly end: number;
}

/** Gaps shorter than this share of the window are not mentioned in the text. */
const negligible = 0.01;

/** The status of a part over the window of a report, oldest first, without gaps. */
export function healthSpans(
  changes: readonly HealthChange[],
  { from, checkedAt, observed }: Pick<HealthReport, 'from' | 'checkedAt' | 'observed'>,
): readonly HealthSpan[] {
  const [first, last] = [Date.parse(from), Date.parse(checkedAt)];
  const spans: HealthSpan[] = [];
  let reached = first;
  const add = (one: Omit<HealthSpan, 'start'>) => {
    const end = Math.min(one.end, last);
    if (end > reached) spans.push({ ...one, start: reached, end });
    reached = Math.max(reached, end);
  };
  const unobserved = { status: 'unknown', reason: 'No data' } as const;
  for (const stretch of observed) {
    add({ ...unobserved, end: Date.parse(stretch.from) });
    const end = Date.parse(stretch.until);
    // A change recorded during a gap applies from the next observed period on.
    let current: Pick<HealthSpan, 'status' | 'reason'> = { status: 'ok', reason: 'Healthy' };
    for (const { status, reason, at } of changes) {
      if (Date.parse(at) >= end) break;
      add({ ...current, end: Date.parse(at) });
      current = { status, reason };
    }
    add({ ...current, end });
  }
  add({ ...unobserved, end: last });
  return spans;
}

/** The share of the observed time in which a part was healthy. */
export function formatUptime(spans: readonly HealthSpan[]): string {
  const lasting = (which: (one: HealthSpan) => boolean) =>
    spans.filter(which).reduce((sum, { start, end }) => sum + end - start, 0);
  const observedMs = lasting(({ status }) => status !== 'unknown');
  if (observedMs === 0) return 'No data yet';
  const healthyMs = lasting(({ status }) => status === 'ok');
  const share = healthyMs === observedMs ? '100' : Math.min(99.99, (100 * healthyMs) / observedMs).toFixed(2);
  if (observedMs >= lasting(() => true) * (1 - negligible)) return `Healthy ${share}% of the time`;
  const time = span(observedMs);
  return healthyMs === observedMs
    ? `Healthy for all of the ${time} observed`
    : `Healthy ${share}% of the ${time} observed`;
}

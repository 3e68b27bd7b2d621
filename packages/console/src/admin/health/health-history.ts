import type { HealthChange, HealthReport, HealthStatus } from '@mevrik/protocol';
import { span } from '../../shared/time.tsx';

/** A time in which a part was all the same; `unknown`, where nobody looked. */
export interface HealthSpan {
  readonly status: HealthStatus | 'unknown';
  readonly reason: string;
  readonly start: number;
  readonly end: number;
}

/** A time that nobody looked at is passed over in words where it is less than this part of the whole. */
const negligible = 0.01;

/** How a part has been through the time that a report tells of, oldest first, without a gap. */
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
  const unseen = { status: 'unknown', reason: 'nobody looked' } as const;
  for (const stretch of observed) {
    add({ ...unseen, end: Date.parse(stretch.from) });
    const end = Date.parse(stretch.until);
    // What was noted while nobody looked holds from the next look on.
    let current: Pick<HealthSpan, 'status' | 'reason'> = { status: 'ok', reason: 'well' };
    for (const { status, reason, at } of changes) {
      if (Date.parse(at) >= end) break;
      add({ ...current, end: Date.parse(at) });
      current = { status, reason };
    }
    add({ ...current, end });
  }
  add({ ...unseen, end: last });
  return spans;
}

/** What part of the time a part was well, of the time in which somebody looked. */
export function sayShareWell(spans: readonly HealthSpan[]): string {
  const lasting = (which: (one: HealthSpan) => boolean) =>
    spans.filter(which).reduce((sum, { start, end }) => sum + end - start, 0);
  const seen = lasting(({ status }) => status !== 'unknown');
  if (seen === 0) return 'nobody has looked yet';
  const well = lasting(({ status }) => status === 'ok');
  const share = well === seen ? '100' : Math.min(99.99, (100 * well) / seen).toFixed(2);
  if (seen >= lasting(() => true) * (1 - negligible)) return `${share} % of the time well`;
  const time = span(seen);
  return well === seen ? `well all of the ${time} observed` : `well ${share} % of the ${time} observed`;
}

import type { Database } from '../db/database.ts';

/** A statistic of one process for one minute. */
export interface Statistic {
  readonly at: string;
  readonly name: string;
  readonly label: string;
  readonly count: number;
  readonly sum: number;
  readonly buckets: readonly number[];
}

/** Adds the counts of one process to the rows of their minutes and hours, which all processes share. */
export async function storeStatistics({ sql }: Database, statistics: readonly Statistic[]): Promise<void> {
  if (statistics.length === 0) return;
  const merged = merge(statistics);
  await sql`
    INSERT INTO statistics AS known (step, at, name, label, count, sum, buckets)
    SELECT step, at, name, label, count, sum, ARRAY(SELECT jsonb_array_elements_text(buckets)::int)
    FROM jsonb_to_recordset(${JSON.stringify(merged)}::jsonb)
      AS row (step text, at timestamptz, name text, label text, count bigint, sum float8, buckets jsonb)
    -- Ordered, so that two processes that store at the same time cannot deadlock.
    ORDER BY step, at, name, label
    ON CONFLICT (step, at, name, label) DO UPDATE SET
      count = known.count + excluded.count, sum = known.sum + excluded.sum,
      buckets = ARRAY(SELECT coalesce(one, 0) + coalesce(other, 0)
                      FROM unnest(known.buckets, excluded.buckets) WITH ORDINALITY AS both_of (one, other, bucket)
                      ORDER BY bucket)`;
}

function merge(statistics: readonly Statistic[]): (Statistic & { readonly step: 'minute' | 'hour' })[] {
  const rows = new Map<string, Statistic & { readonly step: 'minute' | 'hour' }>();
  for (const statistic of statistics) {
    for (const step of ['minute', 'hour'] as const) {
      const at = step === 'minute' ? statistic.at : `${statistic.at.slice(0, 13)}:00:00.000Z`;
      const id = `${step} ${at} ${statistic.name} ${statistic.label}`;
      const known = rows.get(id);
      rows.set(id, {
        ...statistic,
        step,
        at,
        count: statistic.count + (known?.count ?? 0),
        sum: statistic.sum + (known?.sum ?? 0),
        buckets: statistic.buckets.map((count, index) => count + (known?.buckets[index] ?? 0)),
      });
    }
  }
  return [...rows.values()];
}

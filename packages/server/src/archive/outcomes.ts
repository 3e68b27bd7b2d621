import type { Event } from '@mevrik/protocol';
import type { AttemptFailure } from '../db/schema.ts';
import type { Sql } from '../db/sql.ts';
import type { ArchivedOutcome } from './segment-file.ts';

/**
 * The maximum number of records looked through per event and listener. An event's own is the next one of its listener,
 * unless others were handled out of order.
 */
const nearby = 400;

interface HandledRow {
  readonly event_id: string;
  readonly subscription: string;
  readonly node: string;
  readonly started_at: string;
  readonly finished_at: string;
  readonly duration_us: number;
  readonly attempt: number;
  readonly failures: AttemptFailure[] | null;
}

/** Reads what listeners did with these events, for the archive. */
export async function readOutcomes(
  sql: Sql,
  events: readonly Event[],
): Promise<(event: Event) => readonly ArchivedOutcome[]> {
  const wanted = events.map(({ id, type, partition, offset }) => ({ id, type, partition, offset }));
  // The inner limit bounds the search, and the outer one ends it at the first record that has the event.
  const rows = await sql<HandledRow[]>`
    SELECT wanted.id AS event_id, own.subscription, own.node, own.started_at, own.finished_at,
           own.durations_us[array_position(own.offsets, wanted."offset")] AS duration_us, own.attempt, own.failures
    FROM jsonb_to_recordset(${JSON.stringify(wanted)}::jsonb)
      AS wanted (id uuid, type text, partition int, "offset" bigint)
    JOIN subscriptions ON wanted.type = ANY (subscriptions.events) OR subscriptions.events = '{}'
    CROSS JOIN LATERAL (
      SELECT * FROM (
        SELECT * FROM handled_batches
        WHERE partition = wanted.partition AND subscription = subscriptions.name AND last_offset >= wanted."offset"
        ORDER BY last_offset, attempt LIMIT ${nearby}
      ) AS near
      WHERE wanted."offset" = ANY (near.offsets) LIMIT 1
    ) AS own`;
  const outcomes = new Map<string, ArchivedOutcome[]>();
  for (const row of rows) {
    const known = outcomes.get(row.event_id);
    if (known) known.push(toOutcome(row));
    else outcomes.set(row.event_id, [toOutcome(row)]);
  }
  return ({ id }) => outcomes.get(id) ?? [];
}

function toOutcome(row: HandledRow): ArchivedOutcome {
  const { subscription, node, started_at, finished_at, duration_us, attempt, failures } = row;
  return {
    subscription,
    node,
    startedAt: started_at,
    finishedAt: finished_at,
    durationUs: duration_us,
    attempt,
    failures,
  };
}

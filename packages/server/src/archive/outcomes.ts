import type { Event } from '@mevrik/protocol';
import type { AttemptFailure } from '../db/schema.ts';
import type { Sql } from '../db/sql.ts';
import type { ArchivedDiscard, ArchivedEvent, ArchivedOutcome } from './segment-file.ts';

/**
 * Records looked through per event and listener. An event's own is the next one of its listener, unless others were
 * handled out of order.
 */
const nearby = 8;

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

interface DiscardedRow {
  readonly event_id: string;
  readonly subscription: string;
  readonly actor: string;
  readonly discarded_at: string;
  readonly attempts: number;
  readonly failures: AttemptFailure[];
}

/** Reads what listeners did with these events, for the archive. */
export async function readOutcomes(
  sql: Sql,
  events: readonly Event[],
): Promise<(event: Event) => Omit<ArchivedEvent, 'event'>> {
  const wanted = events.map(({ id, type, partition, offset }) => ({ id, type, partition, offset }));
  const handled = await sql<HandledRow[]>`
    SELECT wanted.id AS event_id, near.subscription, near.node, near.started_at, near.finished_at,
           near.durations_us[found.index] AS duration_us, near.attempt, near.failures
    FROM jsonb_to_recordset(${JSON.stringify(wanted)}::jsonb)
      AS wanted (id uuid, type text, partition int, "offset" bigint)
    JOIN subscriptions ON wanted.type = ANY (subscriptions.events) OR subscriptions.events = '{}'
    CROSS JOIN LATERAL (
      SELECT * FROM handled_batches
      WHERE partition = wanted.partition AND subscription = subscriptions.name AND last_offset >= wanted."offset"
      ORDER BY last_offset, attempt LIMIT ${nearby}
    ) AS near
    CROSS JOIN LATERAL (SELECT array_position(near.offsets, wanted."offset") AS index) AS found
    WHERE found.index IS NOT NULL`;
  const discarded = await sql<DiscardedRow[]>`
    SELECT event_id, subscription, actor, discarded_at, attempts, failures FROM discarded_events
    WHERE event_id = ANY (${events.map(({ id }) => id)}::uuid[])`;
  const handledOf = byEvent(handled);
  const discardedOf = byEvent(discarded);
  return ({ id }) => ({
    handled: (handledOf.get(id) ?? []).map(toOutcome),
    discarded: (discardedOf.get(id) ?? []).map(toDiscard),
  });
}

function byEvent<Row extends { readonly event_id: string }>(
  rows: readonly Row[],
): ReadonlyMap<string, readonly Row[]> {
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const known = found.get(row.event_id);
    if (known) known.push(row);
    else found.set(row.event_id, [row]);
  }
  return found;
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

function toDiscard({ subscription, actor, discarded_at, attempts, failures }: DiscardedRow): ArchivedDiscard {
  return { subscription, actor, discardedAt: discarded_at, attempts, failures };
}

import type { AttemptFailure } from '../../db/schema.ts';
import type { Sql } from '../../db/sql.ts';
import { batchLimit } from '../dispatch-options.ts';
import { type HasReached, readReached } from '../reached.ts';

/** One event and subscription whose records are read. */
interface Wanted {
  readonly event_id: string;
  readonly partition: number;
  readonly offset: number;
  readonly subscription: string;
}

/** The record of an event that a subscription has handled. */
interface Handled {
  readonly event_id: string;
  readonly subscription: string;
  /** Of its batch. */
  readonly started_at: string;
  readonly finished_at: string;
  /** The duration of the events before it in the batch. */
  readonly before_us: number;
  readonly duration_us: number;
  readonly attempt: number;
  readonly failures: AttemptFailure[] | null;
}

interface Parked {
  readonly event_id: string;
  readonly subscription: string;
  readonly status: 'waiting' | 'dead';
  readonly attempts: number;
  readonly retry_at: string;
  readonly failures: AttemptFailure[];
}

interface Discarded {
  readonly event_id: string;
  readonly subscription: string;
  /** The agent's name, or the actor in the audit log. */
  readonly by: string;
  readonly discarded_at: string;
  readonly attempts: number;
  readonly failures: AttemptFailure[];
}

/** The dispatcher's records of some events. */
export interface EventRecords {
  /** The successful attempt, if any. */
  handledOf(subscription: string, eventId: string): Handled | undefined;
  /** The parked event, without failures of replays. */
  parkedOf(subscription: string, eventId: string): Parked | undefined;
  /** The record that an administrator discarded the event for this listener. */
  discardedOf(subscription: string, eventId: string): Discarded | undefined;
  /** Whether the subscription's checkpoint is beyond the event. */
  readonly hasPassed: HasReached;
}

/**
 * Reads the records of these events and subscriptions. The record of an offset is among the next records of its
 * subscription, because a batch has a maximum number of events.
 */
export async function readRecords(sql: Sql, wanted: readonly Wanted[]): Promise<EventRecords> {
  const ids = [...new Set(wanted.map(({ event_id }) => event_id))];
  const partitions = [...new Set(wanted.map(({ partition }) => partition))];
  // One after another: what a transaction of the dispatcher wrote together is seen in the later reads if it is in the
  // earlier ones, so that no event counts as handled without its record.
  const hasPassed = await readReached(sql, sql`partition = ANY(${partitions}::int[])`);
  const [parked, discarded] = await Promise.all([
    sql<Parked[]>`
      SELECT event_id, subscription, status, attempts, retry_at, failures FROM parked_events
      WHERE event_id = ANY(${ids}::uuid[]) AND replay_id IS NULL`,
    sql<Discarded[]>`
      SELECT event_id, subscription, coalesce(agents.name, actor) AS by, discarded_at, attempts, failures
      FROM discarded_events
      LEFT JOIN agents ON agents.id::text = substring(actor FROM '^(?:admin|agent|supervisor) ([0-9]+)$')
      WHERE event_id = ANY(${ids}::uuid[])`,
  ]);
  const handled = await sql<Handled[]>`
      SELECT wanted.event_id, wanted.subscription, near.started_at, near.finished_at, near.attempt, near.failures,
             near.durations_us[found.index] AS duration_us,
             (SELECT coalesce(sum(greatest(duration, 0)), 0)::int
              FROM unnest(near.durations_us[1:found.index - 1]) AS duration) AS before_us
      FROM jsonb_to_recordset(${JSON.stringify(wanted)}::jsonb)
        AS wanted (event_id uuid, partition int, "offset" bigint, subscription text)
      CROSS JOIN LATERAL (
        SELECT * FROM handled_batches
        WHERE partition = wanted.partition AND subscription = wanted.subscription AND last_offset >= wanted."offset"
        ORDER BY last_offset, attempt LIMIT ${batchLimit * 2}
      ) AS near
      CROSS JOIN LATERAL (SELECT array_position(near.offsets, wanted."offset") AS index) AS found
      WHERE found.index IS NOT NULL ORDER BY near.attempt`;
  const isOf = (subscription: string, eventId: string) => (row: { subscription: string; event_id: string }) =>
    row.subscription === subscription && row.event_id === eventId;
  return {
    handledOf: (subscription, eventId) => handled.findLast(isOf(subscription, eventId)),
    parkedOf: (subscription, eventId) => parked.find(isOf(subscription, eventId)),
    discardedOf: (subscription, eventId) => discarded.find(isOf(subscription, eventId)),
    hasPassed,
  };
}
